import { describe, expect, it } from "vitest";
import { parseJsonWithComments } from "../../../../gateway/src/config/json-with-comments.ts";

describe("parseJsonWithComments", () => {
  it.each([
    ["plain JSON", '{"a":[1,2]}', { a: [1, 2] }],
    ["comments", '// x\n{"a": /* y "z */ 1} // end', { a: 1 }],
    ["a comma after the last member", '{"a":[1,2,],// c\n}', { a: [1, 2] }],
    ["a comment that ends in a bracket", '{"a":1, // [2]\n"b":2}', { a: 1, b: 2 }],
    ["strings that look like comments", String.raw`{"a":"//x","b":"/*\"*/","c":",]"}`, { a: "//x", b: '/*"*/', c: ",]" }],
    ["a BOM", "\uFEFF{}", {}],
  ])("takes %s", (_name, text, value) => {
    expect(parseJsonWithComments(text)).toEqual(value);
  });

  it("takes __proto__ as a name like any other", () => {
    expect(Object.keys(parseJsonWithComments('{"__proto__":1}') as object)).toEqual(["__proto__"]);
  });

  it.each([
    ["a missing comma", '{\n  "a": 1\n  "b": 2\n}', "3:3: not JSON: text; expected ,"],
    ["a missing value", '{\n  "a": \n}', "3:1: not JSON: }; expected a value"],
    ["the place after a comment of several lines", "/*\n*/ {\n x}", '3:2: not JSON: x; expected a name in double quotes or "}"'],
    ["a name given twice", '{"a":1,\r\n"a":2}', '2:1: not JSON: text; expected each name once; "a" stands here again'],
    ["nothing", "", "1:1: not JSON: the end; expected a value"],
    ["an open comment", "{} /*", "1:4: not JSON: /; expected the end"],
    ["an open string", '["a]', '1:2: not JSON: "; expected a value'],
    ["an open list", "[1", "1:3: not JSON: the end; expected ,"],
    ["a bad number", "[01]", "1:2: not JSON: a word; expected a value"],
    ["a bad escape", String.raw`["\x"]`, "1:2: not JSON: text; expected a value"],
    ["a secret without quotes", '{"masterKey": hunter2}', "1:15: not JSON: a word; expected a value"],
    ["two values", "1 2", "1:3: not JSON: 2; expected the end"],
    ["too many levels", "[".repeat(100_000), "1:102: not JSON: [; expected at most 100 levels"],
  ])("says where and what: %s", (_name, text, message) => {
    expect(() => parseJsonWithComments(text)).toThrow(new SyntaxError(message));
  });
});
