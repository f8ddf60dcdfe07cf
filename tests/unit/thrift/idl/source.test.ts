import { describe, expect, test } from "vitest";
import { printable, Source } from "../../../../thrift/src/idl/source.ts";

describe("a place", () => {
  test("counts lines and columns from 1, a CRLF as one line end", () => {
    const source = new Source("a", "ab\r\n\ncd");
    expect([0, 2, 4, 5, 7].map((at) => source.locate(at))).toEqual([
      { line: 1, column: 1 },
      { line: 1, column: 3 },
      { line: 2, column: 1 },
      { line: 3, column: 1 },
      { line: 3, column: 3 },
    ]);
  });

  test("does not count a byte order mark", () => {
    expect(new Source("a", "\uFEFFab").locate(1)).toEqual({ line: 1, column: 2 });
    expect(new Source("a", "\uFEFFab").excerpt(1)).toBe("ab\n ^");
  });
});

describe("an excerpt", () => {
  test.each([
    ["a line", "x\nstruct A\ny", 9, "struct A\n       ^"],
    ["a line with a CRLF", "x\r\nstruct A\r\ny", 10, "struct A\n       ^"],
    ["a line's end", "ab\ncd", 2, "ab\n  ^"],
    ["the end of the text", "ab\n", 3, "\n^"],
    ["an empty text", "", 0, "\n^"],
    ["tabs, which the caret's line repeats", "\ta\tb", 3, "\ta\tb\n\t \t^"],
    ["control characters, which are replaced", "\u001b[31m\0x", 6, "\uFFFD[31m\uFFFDx\n      ^"],
    ["right-to-left overrides, which are replaced", "a\u202eb", 2, "a\uFFFDb\n  ^"],
  ])("shows %s", (_, text, at, shown) => {
    expect(new Source("a", text).excerpt(at)).toBe(shown);
  });

  test.each([0, 30, 500, 970, 1000])("of a long line is cut around column %i", (at) => {
    const text = `before\n${"0123456789".repeat(100)}\nafter`;
    const [line, caret] = new Source("a", text).excerpt(7 + at).split("\n") as [string, string];
    expect(line.length).toBeLessThanOrEqual(102);
    expect(line.startsWith("…")).toBe(at > 50);
    expect(line.endsWith("…")).toBe(at < 900);
    expect(line[caret.length - 1] ?? "").toBe(at === 1000 ? "" : String(at % 10));
  });

  test("never cuts a character in two", () => {
    const source = new Source("a", "😀".repeat(200));
    for (let at = 0; at < 400; at += 2) expect(source.excerpt(at)).not.toContain("\uFFFD");
  });
});

test("what is printable stays, and is cut", () => {
  expect(printable("é 😀 \t'x'")).toBe("é 😀 \t'x'");
  expect(printable("x".repeat(200))).toBe(`${"x".repeat(100)}…`);
});
