import { expect, test } from "vitest";
import { GatewayError } from "../../../../../gateway/src/core/errors.ts";
import { parseTarget } from "../../../../../gateway/src/data-plane/route/parse-target.ts";

test.each([
  ["/Asset/new", "Asset", "new", ""],
  ["/Asset/new?a=1&b=/x?y", "Asset", "new", "a=1&b=/x?y"],
  ["/Asset/new?", "Asset", "new", ""],
  ["/a.b-c_d~e/f;v=1", "a.b-c_d~e", "f;v=1", ""],
  ["/%41sset/n%C3%A9w", "Asset", "néw", ""],
  ["/Asset/v1.0", "Asset", "v1.0", ""],
  ["/Asset/...", "Asset", "...", ""],
  ["/Asset", "Asset", "", ""],
  ["/", "", "", ""],
  ["/?a=1", "", "", "a=1"],
  ["//x", "", "x", ""],
  ["/a/b/", "a", "b/", ""],
  ["/a//b", "a", "/b", ""],
])("%s", (url, service, path, query) => expect(parseTarget(url)).toEqual({ service, path, query }));

test.each([
  ...[
    "",
    "*",
    "a/b",
    "http://x/a/b",
    "/a\\b",
    "/a b",
    "/a\u0000",
    "/a\u00e9",
    '/a"',
    "/a<",
    "/a|b",
    "/a^b",
    "/a`b",
    "/{a}/b",
    "/[a]/b",
    "/a#b",
    "/a/b?c#d",
  ],
  ...["/.", "/..", "/a/.", "/a/..", "/./a", "/../a", "/a/../b", "/a/%2e", "/a/%2E%2e/b", "/a/.%2e"],
  ...[
    "/a%",
    "/a%2",
    "/a%zz",
    "/%u0041",
    "/a%00",
    "/a%0A",
    "/a%1f",
    "/a%7F",
    "/a%2f",
    "/a%2F",
    "/a%5c",
    "/a%3b",
    "/a%25",
    "/a%3f",
    "/a%23",
  ],
  ...["/a%c3", "/a%c3%28", "/a%c0%af", "/a%ed%a0%80", "/a%f5%80%80%80", "/%c3/%a9"],
])("%j is refused", (url) => {
  expect(() => parseTarget(url)).toThrow(expect.objectContaining({ code: "INVALID_PATH" }));
  expect(() => parseTarget(url)).toThrow(GatewayError);
});

test("no input is dear", () => {
  const began = performance.now();
  for (const piece of ["%2e", "/.", "%", "/", ".%2e/", "a"]) {
    try {
      parseTarget(`/${piece.repeat(100_000)}`);
    } catch (error) {
      expect(error).toBeInstanceOf(GatewayError);
    }
  }
  expect(performance.now() - began).toBeLessThan(1_000);
});
