import { describe, expect, test } from "vitest";
import { compileIdl, type IdlOptions } from "../../../../thrift/src/schema/compile-idl.ts";
import { faultsOf, inShort, schemaOf } from "./compile-text.ts";

function repeat(count: number, part: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => part(i)).join("\n");
}

describe("a bound is kept, and one more is refused:", () => {
  test.each<[name: string, options: IdlOptions, text: (count: number) => string, most: number]>([
    ["length", { maxIdlLength: 100 }, (count) => " ".repeat(count), 100],
    [
      "types",
      { maxTypes: 7 },
      (count) => repeat(count, (i) => [`struct A${i} {}`, `enum A${i} {}`, `typedef i32 A${i}`, `service A${i} {}`][i % 4]!),
      7,
    ],
    ["fields of a struct", { maxFieldsPerStruct: 3 }, (count) => `struct A {${repeat(count, (i) => `${i + 1}: i32 a${i}`)}}`, 3],
    ["parameters", { maxFieldsPerStruct: 3 }, (count) => `service A {void f(${repeat(count, (i) => `${i + 1}: i32 a${i}`)})}`, 3],
    ["methods", { maxMethodsPerService: 3 }, (count) => `service A {${repeat(count, (i) => `void f${i}()`)}}`, 3],
    [
      "methods with the inherited ones",
      { maxMethodsPerService: 3 },
      (count) => `service A {void f()} service B extends A {${repeat(count - 1, (i) => `void f${i}()`)}}`,
      3,
    ],
    ["the length of a name", { maxIdentifierLength: 9 }, (count) => `struct ${"a".repeat(count)} {}`, 9],
    ["the length of an annotation's name", {}, (count) => `struct A {} (${"a".repeat(count)})`, 128],
    ["levels of a type", { maxNesting: 3 }, (count) => `struct A {1: ${"list<".repeat(count)}i32${">".repeat(count)} a}`, 3],
    [
      "levels of a type through typedefs",
      {},
      (count) => `typedef i32 T0\n${repeat(count, (i) => `typedef list<T${i}> T${i + 1}`)}`,
      32,
    ],
    [
      "levels of a constant through references",
      { maxNesting: 5 },
      (count) => `struct N {1: N n}\nconst N C0 = {}\n${repeat(count - 1, (i) => `const N C${i + 1} = {'n': C${i}}`)}`,
      5,
    ],
    [
      "levels of a default through defaults",
      { maxNesting: 5 },
      (count) => `struct S0 {1: i32 a = 1}\n${repeat(count, (i) => `struct S${i + 1} {1: S${i} a = {}}`)}`,
      5,
    ],
    [
      "parts of all types",
      {},
      (count) =>
        `typedef i32 T0\n${repeat(6, (i) => `typedef map<T${i}, T${i}> T${i + 1}`)}\n${repeat(count, (i) => `struct A${i} {${repeat(100, (j) => `${j + 1}: T6 a${j}`)}}`)}`,
      19,
    ],
    ["values of all constants", {}, (count) => `const list<i32> A = [${"1,".repeat(count)}]`, 99_999],
    [
      "text of all constants",
      {},
      (count) => `const string A = '${"x".repeat(512)}' const list<string> B = [${"A,".repeat(count)}]`,
      2047,
    ],
    [
      "values of all defaults",
      {},
      (count) =>
        `struct A {${repeat(1000, (i) => `${i + 1}: i32 a${i} = 1`)}} struct B {${repeat(count, (i) => `${i + 1}: A a${i} = {}`)}}`,
      99,
    ],
  ])("%s", (_, options, text, most) => {
    schemaOf(text(most), options);
    expect(faultsOf(text(most + 1), options)).toMatchObject([{ code: "IDL_LIMIT" }]);
  });

  test("all files count", () => {
    const files = { a: 'include "b"', b: "struct A {}", c: " ".repeat(50) };
    expect(compileIdl(files, "a", { requireService: false, maxIdlLength: 72, maxTypes: 1 }).ok).toBe(true);
    expect(compileIdl(files, "a", { requireService: false, maxIdlLength: 71 })).toMatchObject({
      faults: [{ code: "IDL_LIMIT" }],
    });
    expect(compileIdl(files, "a", { requireService: false, maxTypes: 0 })).toMatchObject({
      faults: [{ code: "IDL_LIMIT", file: "b" }],
    });
  });
});

describe("grows with the text alone, and never too deep:", () => {
  const many = { maxIdlLength: 64 << 20, maxTypes: 1_000_000 };
  test.each<[name: string, text: () => string, answer: string, options?: IdlOptions]>([
    ["a comment of 10 MB", () => `/*${"x".repeat(10 << 20)}*/ struct A {}`, "ok", many],
    ["a comment of 10 MB without an end", () => `/*${"*".repeat(10 << 20)}`, "1:1 IDL_SYNTAX", many],
    ["a name of 1 MB", () => `struct ${"a".repeat(1 << 20)} {}`, "1:8 IDL_LIMIT", many],
    ["a number of 1 MB", () => `const i64 A = ${"9".repeat(1 << 20)}`, "1:15 IDL_SEMANTIC", many],
    ["a hexadecimal number of 1 MB", () => `const i64 A = 0x${"f".repeat(1 << 20)}`, "1:15 IDL_SEMANTIC", many],
    ["a string of 1 MB", () => `const string A = '${"\\n".repeat(500_000)}'`, "ok", many],
    ["a string of 1 MB without an end", () => `const string A = '${"\\n".repeat(500_000)}`, "1:18 IDL_SYNTAX", many],
    ["quotes", () => "'\n".repeat(500_000), "1:1 IDL_SYNTAX"],
    ["stray characters", () => "@".repeat(1_000_000), "1:1 IDL_SYNTAX"],
    ["dots", () => `struct ${"a.".repeat(500_000)}`, "1:8 IDL_LIMIT"],
    ["slashes and stars", () => "/*/".repeat(300_001), "1:900001 IDL_SYNTAX"],
    ["short comments", () => "/***/".repeat(200_000), "ok"],
    ["lines", () => `${"\n".repeat(1_000_000)}@`, "1000001:1 IDL_SYNTAX"],
    ["opened types", () => `struct A {1: ${"list<".repeat(100_000)}`, "1:179 IDL_LIMIT"],
    ["opened lists", () => `const list<i32> A = ${"[".repeat(500_000)}`, "1:54 IDL_LIMIT"],
    ["opened maps", () => `const list<i32> A = ${"{1:".repeat(300_000)}`, "1:118 IDL_LIMIT"],
    ["opened structs", () => "struct A {".repeat(100_000), "1:11 IDL_SYNTAX"],
    ["opened services", () => "service A {\n".repeat(80_000), "2:1 IDL_SYNTAX"],
    ["opened parameters", () => `service A {${"void f(".repeat(100_000)}`, "1:19 IDL_SYNTAX"],
    ["opened attributes", () => `struct A {${"1: i32 a xsd_attrs {".repeat(50_000)}`, "1:671 IDL_LIMIT"],
    ["100,000 structs", () => repeat(100_000, (i) => `struct A${i} {}`), "2001:1 IDL_LIMIT", { maxIdlLength: many.maxIdlLength }],
    ["a struct of 32,767 fields", () => `struct A {${repeat(32_767, (i) => `${i + 1}: i32 a${i}`)}}`, "2001:1 IDL_LIMIT"],
    ["100,000 faults", () => `struct A {\n${"1 i32\n".repeat(100_000)}`, "2:3 IDL_SYNTAX"],
    [
      "100,000 unknown names",
      () => `struct A {${repeat(1_999, (i) => `${i + 1}: ${"x".repeat(100)}${i} a${i}`)}}`,
      "1:14 IDL_SEMANTIC",
    ],
    ["2,000 structs that refer to each other", () => repeat(2_000, (i) => `struct A${i} {1: A${(i + 1) % 2_000} a}`), "ok"],
    [
      "2,000 structs that require each other",
      () => repeat(2_000, (i) => `struct A${i} {1: required A${(i + 1) % 2_000} a}`),
      "1:27 IDL_SEMANTIC",
    ],
    ["a chain of 50,000 typedefs", () => `${repeat(50_000, (i) => `typedef T${i + 1} T${i}`)}\ntypedef i32 T50000`, "ok", many],
    ["a circle of 50,000 typedefs", () => repeat(50_000, (i) => `typedef T${(i + 1) % 50_000} T${i}`), "1:12 IDL_SEMANTIC", many],
    [
      "typedefs that double",
      () => `typedef i32 T0\n${repeat(31, (i) => `typedef map<T${i}, T${i}> T${i + 1}`)}\nstruct A {1: T31 a}`,
      "33:14 IDL_LIMIT",
    ],
    [
      "a chain of 40,000 constants",
      () => `${repeat(40_000, (i) => `const i32 C${i} = C${i + 1}`)}\nconst i32 C40000 = 5`,
      "ok",
      many,
    ],
    [
      "a circle of 40,000 constants",
      () => repeat(40_000, (i) => `const i32 C${i} = C${(i + 1) % 40_000}`),
      "1:16 IDL_SEMANTIC",
      many,
    ],
    [
      "constants that double",
      () => `struct N {1: list<N> n}\n${repeat(30, (i) => `const N C${i} = {'n': [C${i + 1}, C${i + 1}]}`)}\nconst N C30 = {}`,
      "IDL_LIMIT",
    ],
    [
      "defaults that double",
      () => `struct S0 {1: i32 a = 1}\n${repeat(60, (i) => `struct S${i + 1} {1: S${i} a = {}, 2: S${i} b = {}}`)}`,
      "IDL_LIMIT",
    ],
    [
      "defaults of many fields in many fields",
      () =>
        `struct A {${repeat(2_000, (i) => `${i + 1}: i32 a${i} = 1`)}} struct B {${repeat(2_000, (i) => `${i + 1}: A a${i} = {}`)}}`,
      "IDL_LIMIT",
    ],
    [
      "a chain of services",
      () =>
        `${repeat(1_999, (i) => `service S${i} extends S${i + 1} {}`)}\nservice S1999 {${repeat(500, (i) => `void f${i}()`)}}`,
      "ok",
    ],
    [
      "an enum of 40,000, each used",
      () => `enum E {${repeat(40_000, (i) => `A${i}`)}} const list<E> L = [${repeat(40_000, (i) => `E.A${i}`)}]`,
      "ok",
    ],
  ])("%s", (_, text, answer, options) => {
    const source = text();
    const start = performance.now();
    const faults = faultsOf(source, options).map(inShort);
    expect(faults[0] ?? "ok").toContain(answer);
    expect(faults.length).toBeLessThanOrEqual(20);
    expect(faults.join("").length).toBeLessThan(20_000);
    // Quadratic time would be minutes here.
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
