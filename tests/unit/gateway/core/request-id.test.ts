import { expect, test } from "vitest";
import { requestIdFrom } from "../../../../gateway/src/core/request-id.ts";

test.each([
  "a",
  "0198c2f2-7f5e-7b1c-9d5e-0a1b2c3d4e5f",
  "Root=1-67891233-abcdef012345678912345678",
  "x".repeat(128),
  "a/b+c:d@e~f_g.h",
])("%s is the caller's", (id) => expect(requestIdFrom(id)).toBe(id));

test.each([undefined, "", " ", "a b", "x".repeat(129), 'a"b', "a\\b", "<b>", "a\nb", "é", "a;b", "a,b", "$(x)", "`x`", ["a"]])(
  "%j gets a new one",
  (id) => expect(requestIdFrom(id)).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/),
);

test("new ones are distinct", () => {
  expect(new Set(Array.from({ length: 1_000 }, () => requestIdFrom(undefined))).size).toBe(1_000);
});
