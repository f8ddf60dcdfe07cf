import { describe, expect, test } from "vitest";
import { compileIdl, type IdlFiles } from "../../../../thrift/src/schema/compile-idl.ts";
import type { Schema } from "../../../../thrift/src/schema/descriptors.ts";
import { inShort } from "./compile-text.ts";

function compile(files: IdlFiles, mainFile = "main.thrift") {
  return compileIdl(files, mainFile, { requireService: false });
}

function schemaOf(files: IdlFiles, mainFile?: string): Schema {
  const result = compile(files, mainFile);
  expect(result.ok ? [] : result.faults.map(inShort)).toEqual([]);
  return (result as { schema: Schema }).schema;
}

function faultsOf(files: IdlFiles, mainFile?: string): string[] {
  const result = compile(files, mainFile);
  return result.ok ? [] : result.faults.map((fault) => `${fault.file}:${inShort(fault)}`);
}

describe("an included file", () => {
  const shared = `const i32 LIMIT = 7 enum Color {RED = 3} typedef list<Item> Items struct Item {1: Color color = Color.RED}
    exception Gone {} service Base {Items all() throws (1: Gone gone)}`;

  test("gives types, constants, members and services under its name", () => {
    const { structs, services } = schemaOf({
      "main.thrift": `include "shared.thrift"
        struct A {1: shared.Items items = [{'color': shared.Color.RED}], 2: i64 limit = shared.LIMIT, 3: i32 red = shared.Color.RED}
        service S extends shared.Base {shared.Color f() throws (1: shared.Gone g)}`,
      "shared.thrift": shared,
    });
    const fields = structs.find((struct) => struct.name === "A")!.fields;
    expect(fields.map((field) => field.defaultValue)).toEqual([{ elements: [{ fields: [[1, 3]] }] }, 7n, 3]);
    expect(services.map(({ name, methods }) => [name, methods.map((method) => method.name)])).toEqual([["S", ["f", "all"]]]);
    expect(services[0]!.methods[1]!.exceptions[0]!.type).toEqual({
      kind: "struct",
      index: structs.findIndex(({ name }) => name === "Gone"),
    });
  });

  test("means its own names, whatever the includer calls so", () => {
    const { structs } = schemaOf({
      "main.thrift": 'include "b.thrift" const i32 X = 1 struct T {1: i32 x = b.Y}',
      "b.thrift": "const i32 X = 2 const i32 Y = X struct T {}",
    });
    expect(structs[0]!.fields[0]!.defaultValue).toBe(2);
  });

  test("does not lend what it includes itself", () => {
    const files = {
      "main.thrift": 'include "b.thrift" struct A {1: c.T t}',
      "b.thrift": 'include "c.thrift"',
      "c.thrift": "struct T {}",
    };
    expect(faultsOf(files)).toEqual(["main.thrift:1:33 IDL_SEMANTIC unknown type 'c.T': no file is included as 'c'"]);
  });

  test("may be included twice, by two, and without need", () => {
    schemaOf({
      "main.thrift": 'include "b.thrift" include "b.thrift" include "c.thrift" struct A {1: b.T t}',
      "b.thrift": 'include "c.thrift" struct T {1: c.T t}',
      "c.thrift": "struct T {}",
    });
  });

  test("may have a service of its own, which is not the main file's", () => {
    const result = compileIdl({ "main.thrift": 'include "b.thrift"', "b.thrift": "service S {}" }, "main.thrift");
    expect(result).toMatchObject({ ok: false, faults: [{ code: "IDL_NO_SERVICE", file: "main.thrift" }] });
  });

  test.each([
    ["its exact name", "a/main.thrift", "x.thrift", "x.thrift"],
    ["its exact name before the relative one", "a/main.thrift", "x.thrift", "x.thrift", "a/x.thrift"],
    ["the place of the includer", "a/main.thrift", "x.thrift", "a/x.thrift"],
    ["a step up", "a/b/main.thrift", "../x.thrift", "a/x.thrift"],
    ["needless steps", "a/main.thrift", "./b/.././x.thrift", "a/x.thrift"],
    ["a file above all", "../main.thrift", "x.thrift", "../x.thrift"],
    ["an absolute name", "/a/main.thrift", "../x.thrift", "/x.thrift"],
    ["a name that is given with a dot", "./main.thrift", "x.thrift", "./x.thrift"],
    ["a name with more dots", "main.thrift", "v1.x.thrift", "v1.x.thrift"],
    ["a name without an ending", "main.thrift", "x", "x"],
  ])("is found by %s", (_, mainFile, path, found, other = "other.thrift") => {
    const prefix = path.slice(path.lastIndexOf("/") + 1).replace(".thrift", "");
    const files = { [other]: "", [mainFile]: `include "${path}" struct A {1: ${prefix}.T t}`, [found]: "struct T {}" };
    schemaOf(files, mainFile);
  });

  test.each(["../../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "..", "", "__proto__", "toString"])(
    "is never sought elsewhere: %j",
    (path) => {
      expect(faultsOf({ "main.thrift": `\ninclude "${path}"` })).toEqual([
        `main.thrift:2:9 IDL_INCLUDE 'main.thrift' includes '${path}', which is not among the files given`,
      ]);
    },
  );

  test("that is missing is named, with the nearest", () => {
    expect(faultsOf({ "main.thrift": 'include "b.thrift"', "b.thrift": 'include "sharde.thrift"', "shared.thrift": "" })).toEqual(
      [
        "b.thrift:1:9 IDL_INCLUDE 'b.thrift' includes 'sharde.thrift', which is not among the files given; did you mean 'shared.thrift'?",
      ],
    );
  });

  test.each([
    [
      { "main.thrift": 'include "main.thrift"' },
      "main.thrift:1:9 IDL_INCLUDE a file may not include itself: main.thrift → main.thrift",
    ],
    [
      { "main.thrift": 'include "b.thrift"', "b.thrift": 'include "c.thrift"', "c.thrift": '\ninclude "b.thrift"' },
      "c.thrift:2:9 IDL_INCLUDE a file may not include itself: b.thrift → c.thrift → b.thrift",
    ],
  ])("may not include itself %#", (files, fault) => {
    expect(faultsOf(files)).toEqual([fault]);
  });

  test("shows its faults under its name", () => {
    const files = {
      "main.thrift": 'include "b.thrift" struct A {1: b.T t, 2: b.Asse u, 3: B.T v}',
      "b.thrift": "struct T {1: X x} struct Asset {}",
    };
    expect(faultsOf(files)).toEqual([
      "main.thrift:1:43 IDL_SEMANTIC unknown type 'b.Asse'; did you mean 'b.Asset'?",
      "main.thrift:1:56 IDL_SEMANTIC unknown type 'B.T': no file is included as 'B'; did you mean 'b'?",
      "b.thrift:1:14 IDL_SEMANTIC unknown type 'X'",
    ]);
  });

  test("and another of its name: constants that both declare are ambiguous, said once", () => {
    const files = {
      "main.thrift": 'include "x/b.thrift" include "y/b.thrift" struct A {1: i32 a = C} const i32 C = b.L',
      "x/b.thrift": "const i32 L = 1",
      "y/b.thrift": "const i32 L = 2",
    };
    expect(faultsOf(files)).toEqual([
      "main.thrift:1:81 IDL_SEMANTIC 'b.L' is ambiguous: several included files of one name declare it",
    ]);
  });

  test("and another of its name: what only one declares is found, what both declare is ambiguous", () => {
    const files = {
      "main.thrift": 'include "x/b.thrift" include "y/b.thrift" struct A {1: b.T t, 2: b.U u}',
      "x/b.thrift": "struct T {} struct U {}",
      "y/b.thrift": "struct T {}",
    };
    expect(faultsOf(files)).toEqual([
      "main.thrift:1:56 IDL_SEMANTIC 'b.T' is ambiguous: several included files of one name declare it",
    ]);
  });
});

test("a main file that is not there", () => {
  expect(faultsOf({}, "main.thrift")).toEqual(["main.thrift:1:1 IDL_INCLUDE there is no file named 'main.thrift'"]);
  expect(faultsOf({ a: "" }, "toString")).toEqual(["toString:1:1 IDL_INCLUDE there is no file named 'toString'"]);
});
