import { describe, expect, it } from "vitest";
import { RequestFault } from "../../../../thrift/src/json/request-fault.ts";
import { assertStrictJson } from "../../../../thrift/src/json/strict-json.ts";

function outcome(json: string | Uint8Array, maxDepth = 64): string {
  try {
    assertStrictJson(typeof json === "string" ? Buffer.from(json) : json, maxDepth);
    return "ok";
  } catch (error) {
    if (error instanceof RequestFault) return `${error.code} ${error.pointer}`;
    throw error;
  }
}

/** Bytes in hex between texts. */
function bytes(...parts: readonly (string | { readonly hex: string })[]): Uint8Array {
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part.hex, "hex"))));
}

const valid = [
  "0",
  "-0",
  "-1",
  "10",
  "123456789012345678901234567890",
  "1.5",
  "-0.0",
  "0e1",
  "0e+1",
  "1E5",
  "1e-5",
  "1.25E+10",
  "1e99999",
  '""',
  '" "',
  '"/"',
  '"\\/"',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
  '"\\u0000"',
  '"\\u00E9\\uabcd\\uABCD"',
  '"\\ud83d\\ude00"',
  '"\\uD834\\udd1e"',
  '"\u007f"',
  '"\u2028\u2029"',
  '"\ufeff"',
  '"\u{10ffff}"',
  '"abc\u00e9def"',
  "true",
  "false",
  "null",
  "[]",
  "[ ]",
  "{}",
  "{ }",
  "[[],{},[[]]]",
  "[1,2,3]",
  '[null,true,false,"",0]',
  '{"":0}',
  '{"a":{"a":{"a":1}}}',
  '{"a":1,"b":1}',
  '{"a":1,"A":1}',
  '{"__proto__":1,"constructor":2}',
  '{"\\u0000":1,"":2}',
  " \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n",
  '\n{\n"a"\n:\n1\n}\n',
];

const invalid: readonly (string | Uint8Array)[] = [
  "",
  " ",
  "\n",
  "nul",
  "nulll",
  "True",
  "TRUE",
  "tru",
  "truefalse",
  "fals",
  "undefined",
  "NaN",
  "Infinity",
  "-Infinity",
  "+1",
  "-",
  "--1",
  "-a",
  "01",
  "-01",
  "00",
  "1.",
  "-1.",
  ".1",
  "-.1",
  "1.e1",
  "1.2.3",
  "1e",
  "1e+",
  "1e-",
  "1E+-1",
  "1ea",
  "0x1",
  "1_000",
  "1,",
  "1 2",
  "1 000",
  "\uff11",
  '"',
  '"a',
  '"\\"',
  '"\\',
  '"\\u',
  '"\\u1',
  '"\\u12"',
  '"\\u123"',
  '"\\u123g"',
  '"\\U0041"',
  '"\\x41"',
  '"\\a"',
  '"\\0"',
  '"\\\u00e9"',
  '"\\\n"',
  '"\t"',
  '"\n"',
  '"\r"',
  '"\u0000"',
  '"\u001f"',
  '"a\u0000b"',
  "'a'",
  '"a"b"',
  '""""',
  "[",
  "[1",
  "[1,",
  "[1,]",
  "[,]",
  "[,1]",
  "[1,,2]",
  "[1 2]",
  "[1:2]",
  "[1}",
  "[]]",
  "[][]",
  "]",
  "[1]x",
  '["a',
  "[a]",
  "{",
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,',
  '{"a":1,}',
  '{,"a":1}',
  '{"a":1,,"b":2}',
  '{"a" 1}',
  '{"a":1 "b":2}',
  '{"a"::1}',
  '{"a",1}',
  '{"a":}',
  "{:1}",
  "{a:1}",
  "{1:1}",
  "{'a':1}",
  "{null:1}",
  '{"a":1]',
  '{"a":1}}',
  '{"a":1}{}',
  '{"a":1}#',
  '{"a":1}//',
  '{"a":1}/**/',
  "/**/1",
  "#1",
  "}",
  "*",
  "<1>",
  "1\u0000",
  "\u00001",
  "[\u0000]",
  "[\u00a01]",
  "\u2060[]",
  "\f1",
  "\v1",
  "\ufeff1",
  "\ufeff",
  bytes({ hex: "efbbbf" }),
  bytes({ hex: "efbb" }, "1"),
  bytes({ hex: "fffe" }, "1\u0000"),
  bytes({ hex: "feff0031" }),
  bytes("[", { hex: "ff" }, "]"),
  bytes("[1", { hex: "e5" }, "]"),
  bytes('["\\', { hex: "e5" }, '"]'),
  bytes('["\\u', { hex: "e5" }, '"]'),
  bytes('{"', { hex: "b9" }, '":"0",}'),
  bytes('["', { hex: "ff" }, '"'),
  bytes('["\\ud800\\u"]'),
  bytes('["\\ud800\\u1"]'),
  bytes('["\\ud800\\'),
];

describe("assertStrictJson", () => {
  for (const json of valid) {
    it(`takes ${JSON.stringify(json)}`, () => {
      expect(outcome(json)).toBe("ok");
      expect(() => JSON.parse(json)).not.toThrow();
    });
    it(`takes ${JSON.stringify(json)} in a list, and no part of it`, () => {
      expect(outcome(`[${json},{"k":${json}}]`)).toBe("ok");
      expect(outcome(`[${json}`)).toBe("INVALID_JSON ");
    });
  }

  for (const json of invalid) {
    it(`refuses ${typeof json === "string" ? JSON.stringify(json) : Buffer.from(json).toString("hex")}`, () => {
      expect(outcome(json)).toBe("INVALID_JSON ");
    });
  }

  it.each([["c328"], ["c0af"], ["eda080"], ["f4908080"], ["80"], ["e282"]])(
    "refuses the bytes %s in a string, and in a key",
    (hex) => {
      expect(outcome(bytes('{"a":["x', { hex }, '"]}'))).toBe("INVALID_UTF8 /a/0");
      expect(outcome(bytes('{"a":{"x', { hex }, '":1}}'))).toMatch(/^INVALID_UTF8 \/a\/x/);
    },
  );

  it.each(["\\ud800", "\\udc00", "\\ud800\\ud800", "\\udc00\\ud800"])("refuses the lone surrogate %s", (text) => {
    expect(outcome(`["${text}"]`)).toBe("INVALID_UTF8 /0");
    expect(outcome(`{"${text}":1}`)).toMatch(/^INVALID_UTF8 \//);
  });

  it.each([
    ['{"a":1,"a":2}', "/a"],
    ['{"a":1,"b":2,"\\u0061":2}', "/a"],
    ['[{"x":{"":1,"":2}}]', "/0/x/"],
    ['{"__proto__":1,"__proto__":2}', "/__proto__"],
    ['{"a/b":1,"a\\/b":2}', "/a~1b"],
    ['{"\u00e9":1,"\\u00e9":2}', "/\u00e9"],
  ])("refuses the key twice in %s", (json, pointer) => {
    expect(outcome(json)).toBe(`DUPLICATE_KEY ${pointer}`);
  });

  it("takes a key in two objects, and two keys whose normal forms are the same", () => {
    expect(outcome('[{"a":1},{"a":{"a":1}}]')).toBe("ok");
    expect(outcome('{"\u00e9":1,"e\u0301":2}')).toBe("ok");
  });

  it("bounds nesting exactly", () => {
    for (const maxDepth of [1, 2, 64]) {
      const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
      expect(outcome(nested(maxDepth), maxDepth)).toBe("ok");
      expect(outcome(nested(maxDepth + 1), maxDepth)).toBe(`JSON_TOO_DEEP ${"/0".repeat(maxDepth)}`);
    }
    expect(outcome("[", 0)).toBe("INVALID_JSON ");
    expect(outcome("1", 0)).toBe("ok");
  });

  it("tells a text that is too deep from one that does not end", () => {
    expect(outcome("[".repeat(100_000))).toBe("INVALID_JSON ");
    expect(outcome("[".repeat(1_000_000) + "]".repeat(1_000_000))).toMatch(/^JSON_TOO_DEEP /);
    expect(outcome('{"a":'.repeat(100_000))).toBe("INVALID_JSON ");
  });

  it("reads what is larger than its kept buffer, and what comes after", () => {
    const large = `["${"x".repeat(1_000_000)}"]`;
    expect(outcome(large)).toBe("ok");
    expect(outcome(large.slice(0, -2))).toBe("INVALID_JSON ");
    expect(outcome("[1]")).toBe("ok");
    expect(outcome("[1")).toBe("INVALID_JSON ");
  });

  it("agrees with JSON.parse on random texts", () => {
    const parts = [
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      '"',
      "\\",
      "a",
      "0",
      "1",
      "-",
      ".",
      "e",
      "true",
      "null",
      " ",
      '"a"',
      '"b":',
      "\\u0041",
    ];
    let state = 42;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let i = 0; i < 20_000; i++) {
      const text = Array.from({ length: 1 + random(10) }, () => parts[random(parts.length)]).join("");
      let parses = true;
      try {
        JSON.parse(text);
      } catch {
        parses = false;
      }
      const result = outcome(text);
      expect(result === "ok" || result.startsWith("DUPLICATE_KEY"), text).toBe(parses);
    }
  });
});
