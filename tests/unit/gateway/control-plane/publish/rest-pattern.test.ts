import { expect, test } from "vitest";
import { parseRestPattern } from "../../../../../gateway/src/control-plane/publish/rest-pattern.ts";

test.each([
  ["/v1", ["v1"]],
  ["/v1/assets/:id", ["v1", "assets", ":id"]],
  ["/v1/assets/", ["v1", "assets", ""]],
  ["/files/*path", ["files", "*path"]],
  ["/a-b_c.d~e/:x_1/y@z", ["a-b_c.d~e", ":x_1", "y@z"]],
  ["/__proto__/:__proto__", ["__proto__", ":__proto__"]],
])("%s", (text, expected) => {
  const parsed = parseRestPattern(text);
  const shown =
    parsed.ok &&
    parsed.pattern.map((segment) => {
      if (segment.kind === "literal") return segment.text;
      return `${segment.kind === "rest" ? "*" : ":"}${segment.name}`;
    });
  expect(shown).toEqual(expected);
});

test.each([
  ["", "begin with a slash"],
  ["1", "begin with a slash"],
  ["v1/x", "begin with a slash"],
  ["/", "a segment is made of"],
  ["//x", "a segment is made of"],
  ["/v1//x", "a segment is made of"],
  ["/v1/./x", "a segment is made of"],
  ["/v1/..", "a segment is made of"],
  ["/v1/a%2fb", "a segment is made of"],
  ["/v1/a b", "a segment is made of"],
  ["/v1/a\r\nX: y", "a segment is made of"],
  ["/v1/a?b=1", "a segment is made of"],
  ["/v1/a#b", "a segment is made of"],
  ["/v1/ключ", "a segment is made of"],
  ["/v1/a:b", "a segment is made of"],
  ["/v1/user_*", "a segment is made of"],
  ["/v1/{id}", "a segment is made of"],
  ["/:v/x", "first segment must be literal"],
  ["/*all", "first segment must be literal"],
  ["/v1/:", "a parameter's name"],
  ["/v1/*", "a parameter's name"],
  ["/v1/:1a", "a parameter's name"],
  ["/v1/:a:b", "a parameter's name"],
  ["/v1/*a/b", "stands at the end"],
  ["/v1/:a/:a", "two parameters are named a"],
  ["/v1/:a/*a", "two parameters are named a"],
  ["/register", "the gateway's own"],
  ["/Health/x", "the gateway's own"],
  ["/admin/v1/:id", "the gateway's own"],
  [`/v1${"/a".repeat(16)}`, "16 segments"],
  [`/${"a".repeat(512)}`, "512 characters"],
])("refused: %j", (text, fault) => {
  expect(parseRestPattern(text)).toEqual({ ok: false, fault: expect.stringContaining(fault) });
});
