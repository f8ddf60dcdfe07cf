import { describe, expect, test } from "vitest";
import { compileText, faultsOf, inShort, schemaOf, splitAtCaret } from "./compile-text.ts";

/** What is wrong, at `^`, and a part of the message. */
type Refused = readonly [name: string, text: string, message: string];

const SYNTAX: readonly Refused[] = [
  ["a NUL byte", "struct A {1: i32 a^\0}", "U+0000"],
  ["a NUL byte in a string", "const string A = ^'a\0'", "U+0000"],
  ["a stray character", "struct ^é {}", "expected the name of the struct, found 'é'"],
  ["a stray character outside the basic plane", "^😀", "found '😀'"],
  ["a form feed", "struct A {}^\f", "U+000C"],
  ["an unclosed comment", "struct A {}\n^/* *", "this comment has no end"],
  ["an unclosed comment of three characters", "^/*/", "this comment has no end"],
  ["an unclosed string", "const string A = ^'x", "no end in its line"],
  ["a string over two lines", "const string A = ^'x\ny'", "no end in its line"],
  ["an unknown escape", "const string A = ^'\\q'", "unknown escape '\\q'"],
  ["half of a surrogate pair", "const string A = ^'\ud800'", "surrogate"],
  ["a sign alone", "const double A = ^+", "expected a value, found '+'"],
  ["an exponent alone", "const double A = ^-e5", "found '-'"],
  ["a dot after a number", "const double A = 1^.", "found '.'"],
  ["a definition of nothing", "^foo", "expected a definition"],
  ["a closing brace too many", "struct A {}\n^}", "expected a definition"],
  ["a header after a definition", "struct A {}\n^namespace go x", "headers come before"],
  ["an include without quotes", "include ^shared.thrift", "as a string"],
  ["a struct without a name", "struct ^{}", "expected the name of the struct, found '{'"],
  ["a reserved word as a type's name", "struct ^list {}", "found the reserved word 'list'"],
  ["a reserved word as a method's name", "service S {void ^list()}", "reserved word 'list'"],
  ["a leftover of XSD as a field's name", "struct A {1: i32 ^xsd_all}", "reserved word 'xsd_all'"],
  ["true as a name", "struct A {1: i32 ^true}", "found 'true'"],
  ["a dot in a declared name", "struct ^A.B {}", "may not contain a dot"],
  ["a dot in a field's name", "struct A {1: i32 ^a.b}", "may not contain a dot"],
  ["two separators", "struct A {1: i32 a,^,2: i32 b}", "expected a field or '}'"],
  ["a missing colon", "struct A {1 ^i32 a}", "expected ':' after a field's id"],
  ["a missing brace", "struct A {\n1: i32 a\n^struct B {}", "expected a field or '}', found the reserved word 'struct'"],
  ["a missing parenthesis", "service S {\nvoid f(1: i32 a\n^void g()\n}", "expected a field or ')'"],
  ["the end in a struct", "struct A {1: i32^", "expected the name of the field, found the end of the file"],
  ["void as a field's type", "struct A {1: ^void a}", "'void' is a result alone"],
  ["two kinds of requiredness", "struct A {1: required ^optional i32 a}", "expected the type of the field"],
  ["a map with one type", "struct A {1: map<i32^> a}", "expected ','"],
  ["an annotation with a number", "struct A {} (a = ^5)", "expected a string"],
  ["a reserved word as an annotation", "struct A {} (^required)", "the name of an annotation"],
  ["an enum member that is text", "enum E {A = ^'x'}", "expected an integer"],
  ["a const without a value", "const i32 A^", "expected '='"],
  ["a map without a colon", "const map<i32,i32> A = {1^, 2}", "expected ':'"],
];

const SEMANTIC: readonly Refused[] = [
  ["a field id of 0", "struct A {^0: i32 a}", "1 or more, found 0"],
  ["a negative field id", "struct A {^-1: i32 a}", "1 or more, found -1"],
  ["a field id of 16 bits", "struct A {^32768: i32 a}", "at most 32767, found 32768"],
  ["a field id of 67 bits", "struct A {^99999999999999999999: i32 a}", "64 bits"],
  ["a field id twice", "struct A {1: i32 a, ^1: i32 b}", "the id 1 is already that of 'a'"],
  ["a field name twice", "struct A {1: i32 a, 2: i32 ^a}", "already a field named 'a'"],
  ["a parameter twice", "service S {void f(1: i32 a, 2: i32 ^a)}", "already a field named 'a'"],
  ["a struct twice", "struct A {}\nstruct ^A {}", "'A' is already declared in line 1"],
  ["a struct and an enum", "struct A {}\nenum ^A {}", "'A' is already declared in line 1"],
  ["a typedef and a service", "typedef i32 A\nservice ^A {}", "'A' is already declared in line 1"],
  ["a constant twice", "const i32 A = 1\nconst i32 ^A = 1", "the constant 'A' is already declared in line 1"],
  ["a member twice", "enum E {A, ^A}", "already a member named 'A'"],
  ["a method twice", "service S {void f() void ^f()}", "has a method 'f' already"],
  [
    "an inherited method again",
    "service A {void f()} service B extends A {} service C extends B {void ^f()}",
    "its own or inherited",
  ],
  ["a type that is misspelt", "struct A {1: ^Strng a}", "unknown type 'Strng'; did you mean 'string'?"],
  ["a type of the file that is misspelt", "struct Asset {1: optional list<^Aset> a}", "did you mean 'Asset'?"],
  ["a type that is nowhere", "struct A {1: ^Xyz a}", "unknown type 'Xyz'"],
  ["a type of a file not included", "struct A {1: ^shared.B a}", "no file is included as 'shared'"],
  ["a constant as a type", "const i32 C = 1 struct A {1: ^C a}", "unknown type 'C'"],
  ["a service as a type", "service S {} struct A {1: ^S a}", "'S' is a service, not a type"],
  ["a service that is nowhere", "service S extends ^T {}", "unknown type 'T'"],
  ["a struct as a service", "struct T {} service S extends ^T {}", "'T' is no service"],
  ["a service that extends itself", "service S extends ^S {}", "extends itself: S → S"],
  ["services in a circle", "service A extends ^B {} service B extends A {}", "extends itself: A → B → A"],
  ["a typedef of itself", "typedef A ^A", "is defined by itself: A → A"],
  ["typedefs in a circle", "typedef list<B> ^A typedef map<i32, A> B struct C {1: A a}", "A → B → A"],
  ["a required field of its own kind", "struct A {1: required A ^a}", "no 'A' can ever be built"],
  ["required fields in a circle", "struct A {1: required B ^b} struct B {1: required A a}", "A → B → A"],
  ["a oneway method with a result", "service S {oneway ^i32 f()}", "expected 'void'"],
  ["a oneway method that throws", "exception E {} service S {oneway void f() throws (1: ^E e)}", "throws nothing"],
  ["a struct that is thrown", "struct A {} service S {void f() throws (1: ^A a)}", "the type of 'a' is none"],
  ["a scalar that is thrown", "service S {void f() throws (1: ^i32 a)}", "the type of 'a' is none"],
  ["a member of 33 bits", "enum E {A = ^0x80000000}", "32 bits, found 2147483648"],
  ["a member after the largest", "enum E {A = 0x7fffffff, ^B}", "has none left"],
  ["two defaults in a union", "union U {1: i32 a = 1, 2: i32 ^b = 2}", "only one field of the union 'U'"],
  ["text for an integer", "const i32 A = ^'x'", 'expected an integer for i32, found the string "x"'],
  ["a fraction for an integer", "const i32 A = ^1e3", "expected an integer for i32, found 1000"],
  ["an i8 of 9 bits", "const i8 A = ^128", "128 is out of the range of i8"],
  ["an i16 of 17 bits", "const i16 A = ^-32769", "out of the range of i16"],
  ["an i32 of 33 bits", "const i32 A = ^0x80000000", "out of the range of i32"],
  ["an i64 of 65 bits", "const i64 A = ^9223372036854775808", "64 bits"],
  ["an i64 of 72 bits", "const i64 A = ^0xffffffffffffffffff", "64 bits"],
  ["a bool of 5", "const bool A = ^5", "expected true or false"],
  ["a double too large", "const double A = ^1e400", "too large for a double"],
  ["an integer for text", "const string A = ^5", "expected a string, found 5"],
  ["no UUID", "const uuid A = ^'x'", "is not a UUID"],
  ["a list for a scalar", "const i32 A = ^[1]", "found a list"],
  ["a scalar for a list", "const list<i32> A = ^5", "a list in square brackets"],
  ["a map for a list", "const list<i32> A = ^{1: 2}", "a list in square brackets, found a map"],
  ["a list for a map", "const map<i32, i32> A = ^[1]", "a map in braces"],
  ["a wrong element", "const list<i8> A = [1, ^300]", "out of the range of i8"],
  ["a wrong key", "const map<i8, i8> A = {^'a': 1}", "expected an integer for i8"],
  ["a key twice", "const map<i32, i32> A = {1: 2, ^0x1: 3}", "the map has this key already"],
  ["a composite key twice", "const map<list<i32>, i32> A = {[1, 2]: 2, ^[1, 2]: 3}", "the map has this key already"],
  [
    "a field that is misspelt",
    "struct S {1: i32 amount} const S A = {^'amont': 1}",
    "'S' has no field 'amont'; did you mean 'amount'?",
  ],
  ["a field without quotes", "struct S {1: i32 a} const S A = {^a: 1}", "the name of a field of 'S' as a string"],
  ["a field given twice", "struct S {1: i32 a} const S A = {'a': 1, ^'a': 2}", "'a' is given twice"],
  ["a required field left out", "struct S {1: required i32 a} const S A = ^{}", "the field 'a' of 'S' is required"],
  ["a union of two", "union U {1: i32 a, 2: i32 b} const U A = ^{'a': 1, 'b': 2}", "exactly one field, found 2"],
  ["a union of none", "union U {1: i32 a} const U A = ^{}", "exactly one field, found 0"],
  [
    "a member that is misspelt",
    "enum Color {RED} const Color C = ^Color.RDE",
    "'Color' has no member 'RDE'; did you mean 'RED'?",
  ],
  ["another enum's member", "enum A {X} enum B {Y} const A C = ^B.Y", "'A' has no member 'Y'"],
  ["a number that no member has", "enum A {X} const A C = ^5", "'A' has no member with the value 5"],
  ["an enum for text", "enum A {X} const string C = ^A.X", "expected a string, found 0"],
  ["a type as a value", "struct S {} const i32 A = ^S", "unknown constant 'S'"],
  ["a constant that is misspelt", "const i32 LIMIT = 1 const i32 B = ^LIMT", "unknown constant 'LIMT'; did you mean 'LIMIT'?"],
  ["an enum that is misspelt", "enum Color {RED} const i32 B = ^Colr.RED", "named 'Colr'; did you mean 'Color'?"],
  ["an unknown constant, used twice", "const i32 A = B const i32 B = ^XYZ struct S {1: i32 a = A}", "unknown constant 'XYZ'"],
  ["a constant of another type", "const string A = 'x' const i32 B = ^A", "expected an integer for i32"],
  ["a constant of itself", "const i32 A = ^A", "'A' refers to itself"],
  ["constants in a circle", "const i32 A = ^B const i32 B = A", "refers to itself"],
  ["a constant in itself", "typedef list<L> L2 struct L {1: L2 l} const L A = {'l': [^A]}", "'A' refers to itself"],
  ["a default of the wrong type", "struct A {1: i32 a = ^'x'}", "expected an integer for i32"],
  ["a parameter's default of the wrong type", "service S {void f(1: i32 a = ^'x')}", "expected an integer for i32"],
  ["a default that never ends", "struct A {1: A ^a = {}}", "would never end: A.a → A.a"],
  ["defaults that never end", "struct A {1: list<B> ^b = [{}]} struct B {1: map<i32, A> a = {1: {}}}", "A.b → B.a → A.b"],
];

describe("refuses, at the right place,", () => {
  test.each(SYNTAX)("%s", (_, marked, message) => {
    const { text, line, column } = splitAtCaret(marked);
    expect(faultsOf(text)[0]).toMatchObject({ code: "IDL_SYNTAX", file: "main.thrift", line, column });
    expect(faultsOf(text).map(inShort)).toHaveLength(1);
    expect(faultsOf(text)[0]!.message).toContain(message);
  });

  test.each(SEMANTIC)("%s", (_, marked, message) => {
    const { text, line, column } = splitAtCaret(marked);
    expect(faultsOf(text)[0]).toMatchObject({ code: "IDL_SEMANTIC", file: "main.thrift", line, column });
    expect(faultsOf(text).map(inShort)).toHaveLength(1);
    expect(faultsOf(text)[0]!.message).toContain(message);
  });
});

describe("several faults", () => {
  test("are reported together, and each once", () => {
    const faults = faultsOf(`struct A {
  1: i32 a
  2 i32 b
  3: string c = [1, =
  4: i32 d
}
service S {
  void f(1: i32 a, 2: i32, 3: i32 b) throws 5
  void g(
    1: i32 a,
    2: b,
    3: i32 c
  )
  void h()
}
enum E { A = , B }
struct B {
  1: i32 a`);
    expect(faults.map(({ line, column }) => `${line}:${column}`)).toEqual([
      "3:5",
      "4:21",
      "8:26",
      "8:45",
      "11:9",
      "16:14",
      "18:11",
    ]);
  });

  test("in types are all found once the syntax is right", () => {
    const faults = faultsOf("struct A {1: Foo a, 2: Bar b}\nconst i32 C = 'x'\nservice S extends T {Foo f(1: Baz b)}");
    expect(faults.map(({ line, column }) => `${line}:${column}`)).toEqual(["1:14", "1:24", "2:15", "3:19", "3:22", "3:31"]);
  });

  test("stop at twenty, or where the caller says", () => {
    const text = `struct A {\n${Array.from({ length: 1000 }, (_, i) => `  ${i + 1} i32 f${i}\n`).join("")}}`;
    expect(faultsOf(text)).toHaveLength(20);
    expect(faultsOf(text, { maxFaults: 3 })).toHaveLength(3);
    expect(faultsOf(text, { maxFaults: undefined })).toHaveLength(20);
  });

  test("that follow from one are not reported", () => {
    expect(faultsOf("typedef Foo A\nstruct B {1: A a, 2: list<A> b = [1]}\nconst A C = 5\nconst i32 D = C").map(inShort)).toEqual(
      ["1:9 IDL_SEMANTIC unknown type 'Foo'"],
    );
  });
});

describe("a main file without a service", () => {
  test.each([
    ["empty", ""],
    ["blank", " \r\n\t"],
    ["a byte order mark", "\uFEFF"],
    ["comments alone", "// x\n/* y */ # z"],
    ["types alone", "struct A {}"],
  ])("%s", (_, text) => {
    expect(faultsOf(text, { requireService: true })).toMatchObject([{ code: "IDL_NO_SERVICE", line: 1, column: 1 }]);
    expect(compileText(text).ok).toBe(true);
  });
});

describe("warns of", () => {
  test.each([
    ["a field without an id", "struct A {i32 a}", "gets -1"],
    ["a required field of a union", "union A {1: required i32 a}", "no effect in a union"],
    ["an optional parameter", "service S {void f(1: optional i32 a)}", "no effect in a method"],
    ["async", "service S {async void f()}", "use 'oneway'"],
    ["senum", "senum A {'x'}", "deprecated"],
    ["slist", "struct A {1: slist a}", "deprecated"],
    ["old headers", "php_namespace x", "use 'namespace'"],
    ["two members of one value", "enum E {A = 1, B = 1}", "as 'A' has"],
  ])("%s", (_, text, message) => {
    const result = compileText(text);
    expect(result).toMatchObject({ ok: true, warnings: [{ message: expect.stringContaining(message) as string }] });
  });

  test("nothing in ordinary text", () => {
    schemaOf("struct A {1: i32 a}");
    expect(compileText("struct A {1: i32 a}")).toMatchObject({ warnings: [] });
  });
});
