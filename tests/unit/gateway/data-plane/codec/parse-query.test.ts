import { expect, test } from "vitest";
import { parseQuery } from "../../../../../gateway/src/data-plane/codec/parse-query.ts";

test.each([
  ["", []],
  ["a=1", [["a", "1"]]],
  [
    "a=1&b=2&a=3",
    [
      ["a", "1"],
      ["b", "2"],
      ["a", "3"],
    ],
  ],
  ["&&a=1&&", [["a", "1"]]],
  ["a", [["a", ""]]],
  ["a=", [["a", ""]]],
  ["=1", [["", "1"]]],
  ["a=b=c", [["a", "b=c"]]],
  ["a+b=c+d", [["a b", "c d"]]],
  ["a=%2B%26%3D%25", [["a", "+&=%"]]],
  ["%C3%A9=%F0%9F%98%80", [["é", "😀"]]],
  ["x=%00", [["x", "\0"]]],
  [
    "a.b=1&a[b]=2&a[]=3",
    [
      ["a.b", "1"],
      ["a[b]", "2"],
      ["a[]", "3"],
    ],
  ],
  [
    "__proto__[x]=1&__proto__=2&constructor=3",
    [
      ["__proto__[x]", "1"],
      ["__proto__", "2"],
      ["constructor", "3"],
    ],
  ],
  ["a;b=1?c=/d", [["a;b", "1?c=/d"]]],
])("%s", (query, pairs) => expect(parseQuery(query, 200)).toEqual(pairs));

test.each([
  ["a=%", "BAD_REQUEST"],
  ["a=%2", "BAD_REQUEST"],
  ["%zz=1", "BAD_REQUEST"],
  ["a=%u0041", "BAD_REQUEST"],
  ["a=%ff", "INVALID_UTF8"],
  ["a=%c0%af", "INVALID_UTF8"],
  ["a=%ed%a0%80", "INVALID_UTF8"],
  ["%c3=%a9", "INVALID_UTF8"],
  ["a=\u00e9", "INVALID_UTF8"],
])("%s → %s", (query, code) => expect(() => parseQuery(query, 200)).toThrow(expect.objectContaining({ code, status: 400 })));

test("as many arguments as are allowed, and one more", () => {
  expect(parseQuery("a=1&".repeat(200), 200)).toHaveLength(200);
  expect(() => parseQuery("a=1&".repeat(201), 200)).toThrow(expect.objectContaining({ code: "LIMIT_EXCEEDED" }));
});

test("is linear", () => {
  const began = performance.now();
  for (const piece of ["&", "%41", "+", "=", "a=1&"]) {
    try {
      parseQuery(piece.repeat(200_000), 1_000_000);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
    }
  }
  expect(performance.now() - began).toBeLessThan(2_000);
});

test("prototypes stay as they are", () => {
  parseQuery("__proto__[polluted]=1&constructor[prototype][polluted]=1", 10);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});
