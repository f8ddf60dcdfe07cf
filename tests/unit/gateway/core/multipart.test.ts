import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../../gateway/src/core/errors.ts";
import { isMultipart, parseMultipart } from "../../../../gateway/src/core/multipart.ts";

const type = "multipart/form-data; boundary=b";
const parse = (body: string, contentType = type, maxParts = 10) =>
  parseMultipart(Buffer.from(body, "latin1"), contentType, maxParts);
const part = (content: string, disposition = 'form-data; name="n"', more = "") =>
  `--b\r\nContent-Disposition: ${disposition}\r\n${more}\r\n${content}\r\n`;

function parts(body: string, contentType = type) {
  return parse(body, contentType).map(({ name, filename, bytes }) => [name, filename, Buffer.from(bytes).toString("latin1")]);
}

test("text and files, in their order", () => {
  const file = part("\x00\r\n\r\n--\xff", 'form-data; name="f"; filename="a.bin"', "Content-Type: image/png\r\n");
  expect(parts(`${part("1")}${file}${part("")}--b--\r\n`)).toEqual([
    ["n", undefined, "1"],
    ["f", "a.bin", "\x00\r\n\r\n--\xff"],
    ["n", undefined, ""],
  ]);
  expect(parts("--b--")).toEqual([]);
  expect(parts(`${part("1")}--b--`)).toHaveLength(1);
});

test("a part's end may follow its headers at once", () => {
  expect(parts('--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n--b--')).toEqual([["n", undefined, ""]]);
});

describe("names", () => {
  test.each([
    ['form-data; name="__proto__"', "__proto__", undefined],
    ["form-data; name=n", "n", undefined],
    ['FORM-DATA ; NAME="n"; filename=""  ', "n", ""],
    ['form-data; name="a%22b%0d%0Ac%25"', 'a"b\r\nc%25', undefined],
    ['form-data; name="a\\"b"; filename="C:\\dir\\f.thrift"', 'a"b', "C:\\dir\\f.thrift"],
    ['form-data; name="a;b=c"', "a;b=c", undefined],
    ['form-data; name="\xd1\x8f"', "я", undefined],
  ])("%s", (disposition, name, filename) => {
    expect(parse(`${part("", disposition)}--b--`)[0]).toMatchObject({ name, filename });
  });
});

test.each([
  ["multipart/form-data; boundary=b", true],
  ['Multipart/Form-Data ; charset=utf-8; boundary="b"', true],
  ["multipart/form-data", true],
  ["multipart/form-datax; boundary=b", false],
  ["multipart/mixed; boundary=b", false],
  [undefined, false],
])("%s: %s", (contentType, expected) => {
  expect(isMultipart(contentType)).toBe(expected);
});

test.each(['multipart/form-data; charset=utf-8; boundary="b"', "multipart/form-data;boundary=b ; x=y"])("%s", (contentType) => {
  expect(parts(`${part("1")}--b--`, contentType)).toHaveLength(1);
});

describe("refused content types", () => {
  test.each([
    "multipart/form-data",
    "multipart/form-data; boundary=",
    'multipart/form-data; boundary=""',
    `multipart/form-data; boundary=${"b".repeat(71)}`,
    "multipart/form-data; boundary=b; boundary=c",
    'multipart/form-data; boundary="b',
    "multipart/form-data; boundary=b\r\nc",
    'multipart/form-data; boundary="b "',
  ])("%s", (contentType) => {
    expect(() => parse("--b--", contentType)).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
  });
});

describe("refused bodies", () => {
  const bad: Record<string, [body: string, fault: RegExp]> = {
    "an empty one": ["", /begin with the boundary \(part 1, byte 0\)/],
    "text in front": [`preamble\r\n${part("1")}--b--`, /begin with the boundary/],
    "a line break in front": [`\r\n${part("1")}--b--`, /begin with the boundary/],
    "text behind": [`${part("1")}--b--\r\nepilogue`, /where the body ends \(part 2, byte 55\)/],
    "another boundary": [part("1").replace("--b", "--c"), /begin with the boundary/],
    "no last boundary": [part("1"), /no boundary follows it \(part 1, byte 49\)/],
    "a last part that was not begun": [`${part("1")}--b`, /must follow the boundary.*\(part 2/],
    "a boundary that goes on": [`${part("1\r\n--bc\r\n")}--b--`, /must follow the boundary.*\(part 2/],
    "blanks behind a boundary": [part("1").replace("--b\r\n", "--b \r\n"), /must follow the boundary/],
    "line feeds alone": [`${part("1")}--b--`.replaceAll("\r\n", "\n"), /must follow the boundary/],
    "a carriage return alone": [part("1").replace("--b\r\n", "--b\r"), /must follow the boundary/],
    "headers without end": ["--b\r\nContent-Disposition: form-data; name=n\r\n--b--", /must end within/],
    "a header bomb": [`${part("1", undefined, `x: ${"y".repeat(5_000)}\r\n`)}--b--`, /must end within 4096 bytes/],
    "many headers": [`${part("1", undefined, "x: y\r\n".repeat(1_000))}--b--`, /must end within/],
    "no headers": ["--b\r\n\r\n1\r\n--b--", /needs a header Content-Disposition/],
    "no disposition": ["--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--", /needs a header Content-Disposition/],
    "two dispositions": [
      `${part("1", undefined, "content-disposition: form-data; name=m\r\n")}--b--`,
      /content-disposition is there twice/,
    ],
    "a line that is no header": [`${part("1", undefined, "nonsense\r\n")}--b--`, /a header must be a line/],
    "a folded line": [`${part("1", undefined, " folded: yes\r\n")}--b--`, /a header must be a line/],
    "a line feed in a header": [`${part("1", 'form-data; name="a\nb"')}--b--`, /a header must be a line/],
    "a carriage return in a name": [`${part("1", 'form-data; name="a\rb"')}--b--`, /a header must be a line/],
    "a line break in a name": [`${part("1", 'form-data; name="a\r\nb"')}--b--`, /must be like form-data|a header must be/],
    "no name": [`${part("1", "form-data")}--b--`, /must have a name/],
    "two names": [`${part("1", "form-data; name=a; name=b")}--b--`, /has name twice/],
    "a name without end": [`${part("1", 'form-data; name="a')}--b--`, /must be like/],
    "another disposition": [`${part("1", "attachment; name=a")}--b--`, /needs a header Content-Disposition: form-data/],
    "an extended file name": [`${part("1", "form-data; name=a; filename*=utf-8''b")}--b--`, /must not have filename\*/],
  };
  test.each(Object.entries(bad))("%s", (_, [body, fault]) => {
    expect(() => parse(body)).toThrow(expect.objectContaining({ code: "BAD_REQUEST", message: expect.stringMatching(fault) }));
  });

  test("names that are not UTF-8", () => {
    expect(() => parse(`${part("1", 'form-data; name="\xff"')}--b--`)).toThrow(expect.objectContaining({ code: "INVALID_UTF8" }));
  });

  test.each(["Content-Transfer-Encoding: base64\r\n", "Content-Type: text/plain; charset=utf-16\r\n"])("%s", (header) => {
    expect(() => parse(`${part("1", undefined, header)}--b--`)).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED_MEDIA_TYPE" }),
    );
  });

  test("parts without number", () => {
    const body = `${part("").repeat(100_000)}--b--`;
    expect(() => parse(body, type, 1_000)).toThrow(expect.objectContaining({ code: "LIMIT_EXCEEDED" }));
    expect(parse(body, type, 100_000)).toHaveLength(100_000);
  });
});

test("cut anywhere, a form is refused", () => {
  const body = `${part("1")}${part("x", 'form-data; name="f"; filename="a"')}--b--`;
  for (let length = 0; length < body.length; length++) expect(() => parse(body.slice(0, length))).toThrow("is malformed");
});

test("what a sender puts together comes apart again, whatever the bytes", () => {
  const anyPart = fc.record({
    name: fc.string({ unit: fc.constantFrom("a", "ж", '"', "%", ";", " ", "=", "\r", "\n") }),
    isFile: fc.boolean(),
    bytes: fc.uint8Array({ maxLength: 40 }),
  });
  // As browsers escape names.
  const escaped = (name: string) => name.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
  fc.assert(
    fc.property(fc.array(anyPart, { maxLength: 5 }), (sent) => {
      const boundary = "a-boundary-that-is-in-no-part";
      const pieces = sent.flatMap(({ name, isFile, bytes }) => [
        `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(name)}"${isFile ? '; filename="f"' : ""}\r\n\r\n`,
        bytes,
        "\r\n",
      ]);
      const body = Buffer.concat([...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece as string)));
      const got = parseMultipart(body, `multipart/form-data; boundary=${boundary}`, 5);
      expect(
        got.map(({ name, filename, bytes }) => ({ name, isFile: filename !== undefined, bytes: new Uint8Array(bytes) })),
      ).toEqual(sent.map(({ name, isFile, bytes }) => ({ name, isFile, bytes })));
    }),
  );
});

test("any other bytes are a form or refused", () => {
  const piece = fc.constantFrom(
    ...[
      "--b",
      "\r\n",
      "\r",
      "\n",
      "--",
      "Content-Disposition: form-data; name=n",
      'filename="x"',
      ":",
      ";",
      '"',
      "\\",
      "\xff",
      "a",
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.boolean(), (pieces, begins) => {
      const body = `${begins ? part("1") : ""}${pieces.join("")}`;
      try {
        expect(parse(body, type, 10).length).toBeLessThanOrEqual(10);
      } catch (error) {
        expect(error).toBeInstanceOf(GatewayError);
      }
    }),
  );
});
