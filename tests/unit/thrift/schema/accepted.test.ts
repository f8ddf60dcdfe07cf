import { describe, expect, test } from "vitest";
import { compileIdl } from "../../../../thrift/src/schema/compile-idl.ts";
import type { Constant } from "../../../../thrift/src/schema/descriptors.ts";
import { schemaOf } from "./compile-text.ts";

describe("accepts", () => {
  test.each([
    ["every header", "namespace * a namespace go a.b namespace cpp c (x = 'y') cpp_include '<map>' namespace xsd 'http://x/y'"],
    ["headers of old files", "php_namespace a py_module b.c xsd_namespace 'http://x' smalltalk_category d csharp_namespace e"],
    ["old header words as names", "struct A {1: i32 php_namespace}"],
    ["all separators and none", "struct A {1:i32 a,2:i32 b;3:i32 c 4:i32 d} enum E {A,B;C D} typedef i32 I, const I C = 1;"],
    ["no blank where none is needed", "struct A{1:i32 a(x='y')2:list<map<i32,i32>>b=[{1:2}]}enum E{A=1B}"],
    ["all comments", "# a\n// b\n/* c */ /** d */ /**/ /***/ struct /* e */ A {} // f"],
    ["a comment at the end without a line end", "struct A {} #"],
    ["comments that look nested", "/* /* */ struct A {} /*/ */"],
    ["a byte order mark, CRLF and tabs", "\uFEFFstruct A {\r\n\t1: i32 a\r\n}\r\n"],
    ["XSD leftovers", "struct A xsd_all {1: i32 a = 5 xsd_optional xsd_nillable xsd_attrs {1: Foo b} (c)} union B xsd_all {}"],
    ["references", "struct A {1: A & a 2: optional A&b}"],
    [
      "C++ types",
      "typedef list<i32> cpp_type 'x' A typedef list cpp_type 'x' <i32> B typedef map cpp_type 'y' <i32,set cpp_type 'z'<i32>> C",
    ],
    [
      "annotations everywhere",
      "typedef i32 (a) A (b) struct B {1: list<i32 (c = 'd')> (e) f (g, h = 'i'; j)} (k) enum C {D (l), E = 5 (m)} (n) service S {void f(1: uuid (o) p (q)) (r)} (s) union U {} () exception X {} (t='u')",
    ],
    [
      "reserved words as names of fields",
      "struct A {1: i32 list 2: string string 3: bool required = true 4: required i32 optional 5: i32 namespace} service S {void f(1: i32 struct)}",
    ],
    [
      "other languages' words",
      "struct class {1: i32 return 2: i32 await 3: i32 __proto__} service S {void toString() void constructor() void __proto__()} enum E {constructor} struct __proto__ {}",
    ],
    ["uuid, as a type and as a name", "struct A {1: uuid uuid 2: list<uuid> b}"],
    ["uuid as a type of the file", "typedef string uuid struct A {1: uuid a = 'x'}"],
    [
      "types used before they are declared",
      "struct A {1: B b 2: I c = 5} struct B {} typedef i32 I service S extends T {E f() throws (1: X x)} service T {} exception X {} enum E {}",
    ],
    ["constants used before they are declared", "struct A {1: i32 a = B} const i32 B = C const i32 C = 5"],
    [
      "fields of the struct's own kind",
      "struct A {1: A a 2: optional A b 3: required list<A> c} union U {1: U u} union V {1: W w} union W {1: V v}",
    ],
    ["a required field that has a default of its own kind's part", "struct A {1: required B b = {}} struct B {1: i32 c}"],
    [
      "a default that would end",
      "struct A {1: list<A> a = []} struct B {1: C c = {'d': []}} struct C {1: list<B> d = [{'c': {'d': []}}]}",
    ],
    ["exceptions as types", "exception E {1: i32 a} struct A {1: E e = {'a': 1} 2: list<E> f} service S {E f(1: E e)}"],
    ["exceptions thrown through typedefs", "typedef F E typedef G F exception G {} service S {void f() throws (1: E e, F f)}"],
    ["a constant named as a type", "struct A {} const i32 A = 1"],
    ["members of one name in two enums", "enum A {X} enum B {X}"],
    ["empty everything", "struct A {} union B {} exception C {} enum D {} service E {} senum F {}"],
    ["a value right behind another token", "struct A {1: i32 a=5b c} typedef i32 b"],
    ["an identifier of 128 characters", `struct ${"a".repeat(128)} {}`],
    ["types of 32 levels", `struct A {1: ${"list<".repeat(32)}i32${">".repeat(32)} a}`],
    ["constants of 32 levels", `const ${"list<".repeat(32)}i32${">".repeat(32)} A = ${"[".repeat(32)}${"]".repeat(32)}`],
  ])("%s", (_, text) => {
    schemaOf(text);
  });
});

describe("values", () => {
  const listOf = (...elements: Constant[]) => ({ elements });
  test.each<[type: string, text: string, value: Constant]>([
    ["bool", "true", true],
    ["bool", "0", false],
    ["i8", "-128", -128],
    ["byte", "+5", 5],
    ["i16", "0x7fff", 32767],
    ["i32", "-0x1F", -31],
    ["i32", "010", 10],
    ["i32", "-0", 0],
    ["i32", "true", 1],
    ["i32", "E.B", 7],
    ["i64", "5", 5n],
    ["i64", "9223372036854775807", 9223372036854775807n],
    ["i64", "-9223372036854775808", -9223372036854775808n],
    ["i64", "-0x8000000000000000", -9223372036854775808n],
    ["i64", "0000000000000000000000000000009007199254740993", 9007199254740993n],
    ["double", ".5", 0.5],
    ["double", "+.5e1", 5],
    ["double", "-1.25E-2", -0.0125],
    ["double", "1e3", 1000],
    ["double", "7", 7],
    ["double", "NUMBER", 3],
    ["string", "'it\"s'", 'it"s'],
    ["string", `"a\\n\\t\\r\\\\\\"\\'b"`, "a\n\t\r\\\"'b"],
    ["string", `"$\{x} \u2028 </script> é 😀"`, `$\{x} \u2028 </script> é 😀`],
    ["string", "TEXT", "x"],
    ["binary", "'é'", Uint8Array.of(0xc3, 0xa9)],
    ["binary", "TEXT", Uint8Array.of(0x78)],
    ["uuid", "'00112233-4455-6677-8899-AABBCCDDEEFF'", "00112233-4455-6677-8899-aabbccddeeff"],
    ["uuid", "'{00112233-4455-6677-8899-aabbccddeeff}'", "00112233-4455-6677-8899-aabbccddeeff"],
    ["E", "E.A", -2],
    ["E", "B", 7],
    ["E", "7", 7],
    ["F", "F.C", 8],
    ["E", "CHOSEN", 7],
    ["list<i64>", "[1 2;3,]", listOf(1n, 2n, 3n)],
    ["list<i8>", "{}", listOf()],
    ["list<i64>", "[NUMBER, NUMBER]", listOf(3n, 3n)],
    ["set<i32>", "[1, 2, 0x1]", listOf(1, 2)],
    ["set<list<i32>>", "[[1], [2], [1]]", listOf(listOf(1), listOf(2))],
    [
      "map<string, E>",
      "{'a': E.A, 'b': 8}",
      {
        entries: [
          ["a", -2],
          ["b", 8],
        ],
      },
    ],
    ["map<i32, i32>", "[]", { entries: [] }],
    ["map<list<i32>, P>", "{[1]: {'x': 1}}", { entries: [[listOf(1), { fields: [[1, 1]] }]] }],
    ["P", "{}", { fields: [] }],
    [
      "P",
      "{'y': NUMBER, 'x': 1}",
      {
        fields: [
          [-1, 3],
          [1, 1],
        ],
      },
    ],
    ["U", "{'b': 'x'}", { fields: [[2, "x"]] }],
    ["P", "POINT", { fields: [[1, 9]] }],
  ])("of %s: %s", (type, text, value) => {
    const declarations = `enum E {A = -2, B = 7, C} typedef E F const i8 NUMBER = 3 const string TEXT = 'x' const E CHOSEN = E.B
      struct P {1: i32 x; i32 y} union U {1: i32 a, 2: string b} const P POINT = {'x': 9}`;
    const { structs } = schemaOf(`${declarations} struct Holder {1: ${type} field = ${text}}`);
    expect(structs.find((struct) => struct.name === "Holder")!.fields[0]!.defaultValue).toEqual(value);
  });
});

describe("descriptors", () => {
  test("of a whole file", () => {
    const schema = schemaOf(`
namespace go shop
/** Kinds. */
enum Kind { A, /** Second. */ B = 0x10 (x = "y"), C }
typedef list<Kind> Kinds
/**
 * An item
 *   of the shop.
 */
struct Item {
  1: required string id (api.path = "id", flag)
  /** How many. */ 2: optional i64 count = 5
  Kinds kinds;
  map<string, Item> parts
} (go.tag = 'json:"x"', go.tag = "twice")
union Choice { 1: required i32 a; 2: Item b }
exception Gone { 1: string why } (api.http_code = "404")
service Base { void ping() }
/** The shop. */
service Shop extends Base {
  /** Finds. */
  Item find(1: string id, 2: optional i32 depth = 1) throws (1: Gone gone) (api.get = "/items/:id", api.get = "/i/:id"),
  oneway void note(1: required binary text)
}`);
    expect(schema.enums).toEqual([
      {
        name: "Kind",
        doc: "Kinds.",
        annotations: [],
        members: [
          { name: "A", value: 0, annotations: [] },
          { name: "B", value: 16, annotations: [["x", "y"]], doc: "Second." },
          { name: "C", value: 17, annotations: [] },
        ],
      },
    ]);
    const string = { kind: "string" };
    const item = { kind: "struct", index: 0 };
    expect(schema.structs).toEqual([
      {
        name: "Item",
        kind: "struct",
        doc: "An item\n  of the shop.",
        annotations: [
          ["go.tag", 'json:"x"'],
          ["go.tag", "twice"],
        ],
        fields: [
          {
            id: 1,
            name: "id",
            type: string,
            requiredness: "required",
            annotations: [
              ["api.path", "id"],
              ["flag", "1"],
            ],
          },
          {
            id: 2,
            name: "count",
            type: { kind: "i64" },
            requiredness: "optional",
            defaultValue: 5n,
            annotations: [],
            doc: "How many.",
          },
          {
            id: -1,
            name: "kinds",
            type: { kind: "list", element: { kind: "enum", index: 0 } },
            requiredness: "default",
            annotations: [],
          },
          { id: -2, name: "parts", type: { kind: "map", key: string, value: item }, requiredness: "default", annotations: [] },
        ],
      },
      {
        name: "Choice",
        kind: "union",
        annotations: [],
        fields: [
          { id: 1, name: "a", type: { kind: "i32" }, requiredness: "optional", annotations: [] },
          { id: 2, name: "b", type: item, requiredness: "optional", annotations: [] },
        ],
      },
      {
        name: "Gone",
        kind: "exception",
        annotations: [["api.http_code", "404"]],
        fields: [{ id: 1, name: "why", type: string, requiredness: "default", annotations: [] }],
      },
      { name: "ping_args", kind: "arguments", annotations: [], fields: [] },
      {
        name: "find_args",
        kind: "arguments",
        annotations: [],
        fields: [
          { id: 1, name: "id", type: string, requiredness: "default", annotations: [] },
          { id: 2, name: "depth", type: { kind: "i32" }, requiredness: "default", defaultValue: 1, annotations: [] },
        ],
      },
      {
        name: "note_args",
        kind: "arguments",
        annotations: [],
        fields: [{ id: 1, name: "text", type: { kind: "binary" }, requiredness: "required", annotations: [] }],
      },
    ]);
    const ping = { name: "ping", oneway: false, argumentsIndex: 3, result: undefined, exceptions: [], annotations: [] };
    expect(schema.services).toEqual([
      { name: "Base", annotations: [], methods: [ping] },
      {
        name: "Shop",
        doc: "The shop.",
        annotations: [],
        methods: [
          {
            name: "find",
            doc: "Finds.",
            oneway: false,
            argumentsIndex: 4,
            result: item,
            exceptions: [{ id: 1, name: "gone", type: { kind: "struct", index: 2 }, requiredness: "default", annotations: [] }],
            annotations: [
              ["api.get", "/items/:id"],
              ["api.get", "/i/:id"],
            ],
          },
          { name: "note", oneway: true, argumentsIndex: 5, result: undefined, exceptions: [], annotations: [] },
          ping,
        ],
      },
    ]);
  });

  test("can be cloned between threads", () => {
    const structs = Array.from(
      { length: 1_500 },
      (_, i) => `struct S${i} {1: optional S${(i + 1) % 1_500} next, 2: list<binary> b = ['x']}`,
    );
    const result = compileIdl({ a: `${structs.join("\n")} service S {S0 f(1: S1 x)}` }, "a");
    expect(result).toMatchObject({ ok: true });
    expect(structuredClone(result)).toEqual(result);
  });

  test("of names that JavaScript has a meaning for", () => {
    const { structs, services } = schemaOf(
      "struct __proto__ {1: i32 constructor = 1, 2: toString __proto__} struct toString {} service hasOwnProperty {void valueOf()}",
    );
    expect(structs.map((struct) => struct.name)).toEqual(["__proto__", "toString", "valueOf_args"]);
    expect(structs[0]!.fields.map((field) => field.name)).toEqual(["constructor", "__proto__"]);
    expect(services[0]!.methods[0]!.name).toBe("valueOf");
  });
});
