import { describe, expect, test } from "vitest";
import { includePaths, serviceDeclaration } from "../../../../../gateway/src/control-plane/register/idl-scan.ts";

test("includes, not those in comments and literals", () => {
  const idl = `
    // include "no1"
    # include "no2"
    /* include "no3" */
    const string s = 'include "no4"'
    include "a.thrift"
    include 'b/c.thrift' include"d"
    cpp_include "no5"
    reinclude "no6"`;
  expect(includePaths(idl)).toEqual(["a.thrift", "b/c.thrift", "d"]);
});

describe("where a service is declared", () => {
  test.each([
    ["service S {}", { line: 1, column: 1 }],
    ["// service S\n\n  service S extends T {}", { line: 3, column: 3 }],
    ["service SS {}\r\nservice S{}", { line: 2, column: 1 }],
    ["service T {}", undefined],
    ["/* service S {}", undefined],
  ])("%j: %j", (idl, expected) => {
    expect(serviceDeclaration(idl, "S")).toEqual(expected);
  });
});

test.each(["/*", "'", '"', "#", "include ", "include'", "service ", "/* */", "//\n", "i", " "])(
  "a mebibyte of %j takes no time",
  (text) => {
    const began = performance.now();
    includePaths(text.repeat(2 ** 20 / text.length));
    includePaths(`include${" ".repeat(2 ** 20)}`);
    expect(performance.now() - began).toBeLessThan(2_000);
  },
);
