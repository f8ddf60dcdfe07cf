import { describe, expect, it } from "vitest";
import { createServiceCodec, type MethodCodec } from "../../../../thrift/src/compile/codec.ts";
import { argumentsHex, codecOf, codecOfField, faultOf, fieldHex, refusal, schemaOf, stringHex } from "./encode-fixture.ts";

describe("messages", () => {
  it("have a strict header with the seqid 0", () => {
    const { bytes, seqidOffset } = codecOf("service T { void call() }").encodeJson(Buffer.from("{}"));
    expect(Buffer.from(bytes).toString("hex")).toBe("80010001 00000004 63616c6c 00000000 00".replaceAll(" ", ""));
    expect(seqidOffset).toBe(12);
  });

  it("say when they are oneway", () => {
    const { bytes } = codecOf("service T { oneway void call() }").encodeJson(Buffer.from("{}"));
    expect(Buffer.from(bytes.subarray(0, 4)).toString("hex")).toBe("80010004");
  });

  it("carry method names of any length", () => {
    for (const length of [1, 2, 3, 4, 5, 31, 128]) {
      const name = "m".repeat(length);
      const schema = schemaOf(`service T { void ${name}() }`);
      const { bytes, seqidOffset } = createServiceCodec(schema, "T").method(name)!.encodeJson(Buffer.from("{}"));
      expect(Buffer.from(bytes).toString("hex")).toBe(`80010001${stringHex(name)}0000000000`);
      expect(seqidOffset).toBe(8 + length);
    }
  });

  it("stay as they are, however many follow", () => {
    const codec = codecOfField("string");
    const sizes = [0, 1, 10, 100, 1_000, 3_000, 10_000, 70_000, 300_000];
    const made = Array.from({ length: 500 }, (_, i) => {
      const text = String.fromCharCode(97 + (i % 26)).repeat(sizes[i % sizes.length]!);
      return { text, call: codec.encodeJson(Buffer.from(`{"f":"${text}"}`)) };
    });
    for (const { text, call } of made) expect(argumentsHex(call)).toBe(`0c00010b0001${stringHex(text)}0000`);
  });

  it("are not disturbed by a call that was refused", () => {
    const codec = codecOfField("list<set<i32>>");
    const good = codec.encodeJson(Buffer.from('{"f":[[1,2]]}'));
    const before = argumentsHex(good);
    for (const bad of ['{"f":[[1,2],[3,4,"x"]]}', '{"f":[[1,2', '{"f":[[1,1]]}']) {
      expect(() => codec.encodeJson(Buffer.from(bad))).toThrow();
    }
    expect(argumentsHex(good)).toBe(before);
    expect(argumentsHex(codec.encodeJson(Buffer.from('{"f":[[1,2]]}')))).toBe(before);
  });

  it("take any kind of byte array", () => {
    const codec = codecOfField("i32");
    const text = Buffer.from('xx{"f":1}xx');
    expect(fieldHex(codec, new Uint8Array(text).subarray(2, -2))).toBe("00000001");
    expect(fieldHex(codec, text.subarray(2, -2))).toBe("00000001");
  });
});

describe("arguments", () => {
  it("are the struct itself where it is the only parameter", () => {
    const codec = codecOf("struct S { 1: i8 a } service T { void call(S s) }");
    expect(argumentsHex(codec.encodeJson(Buffer.from('{"a":1}')))).toBe("0cffff0300010100 00".replace(" ", ""));
  });

  it("are an object of the parameters elsewhere", () => {
    const codec = codecOf("struct S { 1: i8 a } service T { void call(1: S s, 2: i8 b, 3: i8 c = 9) }");
    expect(argumentsHex(codec.encodeJson(Buffer.from('{"s":{"a":1},"b":2}')))).toBe("0c00010300010100030002020300030900");
    expect(argumentsHex(codec.encodeJson(Buffer.from("{}")))).toBe("0300030900");
    expect(refusal(() => codec.encodeJson(Buffer.from('{"s":{"a":"x"}}')))).toBe("INVALID_TYPE /s/a");
    const scalar = codecOf("service T { void call(1: list<i8> ids) }");
    expect(argumentsHex(scalar.encodeJson(Buffer.from('{"ids":[1]}')))).toBe("0f000103000000010100");
    expect(refusal(() => scalar.encodeJson(Buffer.from("[1]")))).toBe("INVALID_TYPE ");
  });

  it("may be left out altogether where there are none", () => {
    const codec = codecOf("service T { void call() }");
    for (const body of ["", "{}", " { } ", '{"x":1}']) expect(argumentsHex(codec.encodeJson(Buffer.from(body)))).toBe("00");
    for (const body of [" ", "x"]) expect(refusal(() => codec.encodeJson(Buffer.from(body)))).toBe("INVALID_JSON ");
    for (const body of ["null", "[]", '""']) expect(refusal(() => codec.encodeJson(Buffer.from(body)))).toBe("INVALID_TYPE ");
    const strict = codecOf("service T { void call() }", { unknownFields: "reject" });
    expect(refusal(() => strict.encodeJson(Buffer.from('{"x":1}')))).toBe("UNKNOWN_FIELD /x");
  });
});

describe("defaults", () => {
  it("of every type are sent where the field is absent", () => {
    const codec = codecOf(`
      enum E { A = 3 }
      struct P { 1: i32 x = 1, 2: string s, 3: optional i8 o = 2 }
      const i32 C = 258
      struct S {
        1: bool a = true, 2: i8 b = -1, 3: i16 c = -2, 4: i32 d = C, 5: i64 e = -9223372036854775808, 6: double f = -1.5,
        7: string g = "\u00e4'", 8: binary h = "hi", 9: E i = E.A, 10: list<i8> j = [1, 2], 11: set<string> k = ["x"],
        12: map<string, i8> l = {"y": 5}, 13: P m = {"s": "z"}, 14: required i8 n = 4
      }
      service T { void call(1: S s) }`);
    expect(argumentsHex(codec.encodeJson(Buffer.from("{}")))).toBe(
      [
        "0c0001",
        "02000101",
        "030002ff",
        "060003fffe",
        "08000400000102",
        "0a00058000000000000000",
        "040006bff8000000000000",
        `0b0007${stringHex("\u00e4'")}`,
        `0b0008${stringHex("hi")}`,
        "08000900000003",
        "0f000a03000000020102",
        `0e000b0b00000001${stringHex("x")}`,
        `0d000c0b0300000001${stringHex("y")}05`,
        `0c000d080001000000010b0002${stringHex("z")}0300030200`,
        "03000e04",
        "0000",
      ].join(""),
    );
  });

  it("that hold themselves are refused when they are needed, not before", () => {
    const codec = withEmptyDefaults("struct A { 1: optional A a, 2: i8 x } service T { void call(1: A a) }");
    expect(refusal(() => codec.encodeJson(Buffer.from('{"x":1}')))).toBe("LIMIT_EXCEEDED ");
    expect(refusal(() => codec.encodeJson(Buffer.from('{"a":{"x":1}}')))).toBe("LIMIT_EXCEEDED /a");
  });

  it("that multiply are bounded in time and size", () => {
    const levels = Array.from({ length: 30 }, (_, i) => `struct S${i} { 1: S${i - 1} a, 2: S${i - 1} b }`);
    levels[0] = "struct S0 { 1: i8 x = 1 }";
    const codec = withEmptyDefaults(`${levels.join("\n")} service T { void call(1: S29 s) }`);
    expect(refusal(() => codec.encodeJson(Buffer.from("{}")))).toBe("LIMIT_EXCEEDED ");
  });

  /** Every field that is a struct gets the default `{}`, which the IDL compiler would not let pass. */
  function withEmptyDefaults(idl: string): MethodCodec {
    const schema = schemaOf(idl);
    const structs = schema.structs.map((struct) => ({
      ...struct,
      fields: struct.fields.map((field) => (field.type.kind === "struct" ? { ...field, defaultValue: { fields: [] } } : field)),
    }));
    return createServiceCodec({ ...schema, structs }, "T").method("call")!;
  }

  it("count against the bound of a call, many times a few bytes of JSON", () => {
    const codec = codecOf(
      `struct P { 1: string s = "${"d".repeat(1_000)}" } struct S { 1: list<P> l } service T { void call(1: S s) }`,
      { maxCallBytes: 1_000_000 },
    );
    const body = (count: number) => Buffer.from(`{"l":[${"{},".repeat(count - 1)}{}]}`);
    expect(codec.encodeJson(body(900)).bytes.length).toBe(900 * 1_008 + 29);
    expect(refusal(() => codec.encodeJson(body(1_000)))).toMatch(/^LIMIT_EXCEEDED \/l\/99\d$/);
    expect(refusal(() => codec.encodeJson(body(1_000_000)))).toMatch(/^LIMIT_EXCEEDED \/l\/99\d$/);
  });
});

describe("bounds", () => {
  it("of a call are exact", () => {
    const codec = codecOfField("string", { maxCallBytes: 100 });
    const overhead = codecOfField("string").encodeJson(Buffer.from('{"f":""}')).bytes.length;
    const body = (length: number) => Buffer.from(`{"f":"${"x".repeat(length)}"}`);
    expect(codec.encodeJson(body(100 - overhead)).bytes.length).toBe(100);
    expect(faultOf(() => codec.encodeJson(body(101 - overhead))).code).toBe("LIMIT_EXCEEDED");
    expect(faultOf(() => codec.encodeJson(body(1_000_000))).code).toBe("LIMIT_EXCEEDED");
  });

  it("hold for numbers, which take more bytes than their text", () => {
    for (const [type, element] of [
      ["list<i64>", "1"],
      ["list<double>", "1"],
      ["set<list<i64>>", "[1]"],
      ["map<i64,i64>", "[1,1]"],
    ] as const) {
      const codec = codecOfField(type, { maxCallBytes: 10_000 });
      const json = Buffer.from(`{"f":[${Array.from({ length: 100_000 }, () => element)}]}`);
      expect(faultOf(() => codec.encodeJson(json)).code).toBe("LIMIT_EXCEEDED");
    }
  });

  it("of nesting hold in known and in unknown values, exactly", () => {
    const codec = codecOf("struct N { 1: N n, 2: list<N> l, 3: i8 x } service T { void call(1: N n) }");
    const nested = (depth: number) => `${'{"n":'.repeat(depth - 1)}{}${"}".repeat(depth - 1)}`;
    const skipped = (depth: number) => `{"z":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
    const mixed = (depth: number) => `${'{"l":['.repeat(depth / 2)}${"]}".repeat(depth / 2)}`;
    for (const make of [nested, skipped, mixed]) {
      expect(() => codec.encodeJson(Buffer.from(make(64)))).not.toThrow();
      for (const depth of [66, 100, 1_000, 5_000]) {
        expect(faultOf(() => codec.encodeJson(Buffer.from(make(depth)))).code).toBe("JSON_TOO_DEEP");
      }
    }
    expect(refusal(() => codec.encodeJson(Buffer.from(nested(65))))).toBe(`JSON_TOO_DEEP ${"/n".repeat(64)}`);
    expect(faultOf(() => codec.encodeJson(Buffer.from(skipped(65)))).code).toBe("JSON_TOO_DEEP");
  });

  it.each([5_000, 7_000, 100_000, 1_000_000])("%i brackets are too deep when they are closed, and no JSON when not", (depth) => {
    const codec = codecOfField("string");
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const closed = Buffer.from(`${open.repeat(depth)}1${close.repeat(depth)}`);
      expect(faultOf(() => codec.encodeJson(closed)).code).toBe("JSON_TOO_DEEP");
      expect(faultOf(() => codec.encodeJson(Buffer.from(open.repeat(depth)))).code).toBe("INVALID_JSON");
    }
  });

  it("leave time linear", () => {
    const codec = codecOf(
      "struct N { 1: set<N> s, 2: i64 x, 3: map<string, i64> m, 4: binary b } service T { void call(1: N n) }",
    );
    const many = (count: number, make: (i: number) => string) => Array.from({ length: count }, (_, i) => make(i)).join();
    const bodies = {
      "unknown keys": `{${many(100_000, (i) => `"k${i}":1`)}}`,
      "unknown keys that are escaped": `{${many(50_000, (i) => `"\\u0061${i}":1`)}}`,
      "keys in a value that is skipped": `{"z":{${many(100_000, (i) => `"k${i}":1`)}}}`,
      "a large set": `{"s":[${many(60_000, (i) => `{"x":${i}}`)}]}`,
      "a large map": `{"m":{${many(60_000, (i) => `"${i}":1`)}}}`,
      "sets in sets": `${'{"s":['.repeat(30)}${many(50_000, (i) => `{"x":${i}}`)}${"]}".repeat(30)}`,
      "twins in length at every level": nestedTwins(16),
      "a long string of escapes": `{"b":"${"\\u0041".repeat(160_000)}"}`,
      "a long number that is skipped": `{"z":${"1".repeat(1_000_000)}}`,
      whitespace: `{"x":${" ".repeat(1_000_000)}1}`,
    };
    for (const [name, json] of Object.entries(bodies)) {
      const body = Buffer.from(json);
      const began = performance.now();
      codec.encodeJson(body);
      expect(performance.now() - began, name).toBeLessThan(2_000);
    }
  });

  function nestedTwins(depth: number): string {
    let counter = 10_000_000;
    const make = (level: number): string =>
      level === 0 ? `{"x":${counter++}}` : `{"s":[${make(level - 1)},${make(level - 1)}]}`;
    return make(depth);
  }

  it("keep a fault's cost linear too", () => {
    const codec = codecOf("struct N { 1: list<i64> l } service T { void call(1: N n) }");
    const long = "k".repeat(500_000);
    for (const json of [
      `{"l":[${"1,".repeat(500_000)}"x"]}`,
      `{"${long}":[{"${long}":1,"${long}":2}]}`,
      `{"z":${"[".repeat(60)}${"\n".repeat(1_000_000)}x`,
    ]) {
      const body = Buffer.from(json);
      const began = performance.now();
      const fault = faultOf(() => codec.encodeJson(body));
      expect(performance.now() - began).toBeLessThan(2_000);
      expect(fault.message.length + fault.pointer.length).toBeLessThan(2_000);
    }
  });
});

describe("faults", () => {
  const codec = codecOf(
    "enum E { A } struct S { 1: i32 n, 2: string s, 3: list<S> l, 4: map<string, i32> m, 5: E e } service T { void call(1: S s) }",
  );
  const message = (json: string) => faultOf(() => codec.encodeJson(Buffer.from(json))).message;

  it("say what was expected and what was found", () => {
    expect(message('{"n":"7"}')).toBe("expected an i32 (\u22122147483648 \u2026 2147483647), found a string");
    expect(message('{"n":99999999999}')).toBe(
      "expected an i32 (\u22122147483648 \u2026 2147483647), found a number out of range",
    );
    expect(message('{"n":1.5}')).toBe("expected an i32 (\u22122147483648 \u2026 2147483647), found a fraction");
    expect(message('{"s":[]}')).toBe("expected a string, found an array");
    expect(message('{"l":{}}')).toBe("expected an array, found an object");
    expect(message('{"l":[null]}')).toBe("expected an object, found null");
    expect(message("true")).toBe("expected an object, found true");
    expect(message('{"s":5,"n":1}')).toBe("expected a string, found a number");
  });

  it("never repeat what the caller sent at length", () => {
    const secret = "s3cret".repeat(100);
    for (const json of [`{"n":"${secret}"}`, `{"e":"${secret}"}`, `{"s":"${secret}`, `{"l":[{"n":"${secret}"}]}`]) {
      expect(message(json)).not.toContain("s3cret");
    }
  });

  it("give line, column and byte of what is no JSON", () => {
    expect(message('{\n  "n": 1,\n  "s" "x"\n}')).toBe('expected ":", found """ (line 3, column 7, byte 18)');
    expect(message('{"n":')).toBe("expected a value, found the end of the text (line 1, column 6, byte 5)");
  });

  it("point with escaped keys, through lists and maps", () => {
    expect(refusal(() => codec.encodeJson(Buffer.from('{"l":[{},{"m":{"a/b~c":null}}]}')))).toBe("INVALID_TYPE /l/1/m/a~1b~0c");
    expect(refusal(() => codec.encodeJson(Buffer.from('{"x":[[],{"a":[]}],"l":[{"n":1},{"l":[{"s":{}}]}]}')))).toBe(
      "INVALID_TYPE /l/1/l/0/s",
    );
  });

  it("of syntax come first, then of UTF-8, of depth, and of types", () => {
    const deep = `${"[".repeat(70)}${"]".repeat(70)}`;
    expect(refusal(() => codec.encodeJson(Buffer.from('{"n":"x","s":1')))).toBe("INVALID_JSON ");
    expect(refusal(() => codec.encodeJson(Buffer.from('{"n":"x","s":"\\ud800"}')))).toBe("INVALID_UTF8 /s");
    expect(faultOf(() => codec.encodeJson(Buffer.from(`{"n":"x","z":${deep}}`))).code).toBe("JSON_TOO_DEEP");
    expect(refusal(() => codec.encodeJson(Buffer.from(`{"z":${deep},"s":"\\ud800"}`)))).toBe("INVALID_UTF8 /s");
  });
});

describe("a lenient service", () => {
  const more = "enum E { A = 1 }";
  const hex = (type: string, json: string) => fieldHex(codecOfField(type, { lenient: true }, more), `{"f":${json}}`);
  const refused = (type: string, json: string) => refusal(() => hex(type, json));

  it.each([
    ["i8", '"7"', "07"],
    ["i16", '"-7"', "fff9"],
    ["i32", '"1e2"', "00000064"],
    ["i64", '"9223372036854775807"', "7fffffffffffffff"],
    ["i64", '"1.0"', "0000000000000001"],
    ["double", '"1.5"', "3ff8000000000000"],
    ["double", '"NaN"', "7ff8000000000000"],
    ["E", '"1"', "00000001"],
    ["E", '"A"', "00000001"],
    ["list<i32>", "5", "080000000100000005"],
    ["set<string>", '"a"', `0b00000001${stringHex("a")}`],
    ["list<list<i8>>", "[1,[2]]", "0f00000002030000000101030000000102"],
    ["string", "5", stringHex("5")],
    ["string", "-1.50e3", stringHex("-1.50e3")],
    ["string", "true", stringHex("true")],
    ["string", '{ "a" : [1] }', stringHex('{ "a" : [1] }')],
    ["string", "[]", stringHex("[]")],
    ["i32", "7", "00000007"],
  ])("takes %s %s", (type, json, expected) => {
    expect(hex(type, json)).toBe(expected);
  });

  it.each([
    ["i32", '""', "INVALID_TYPE /f"],
    ["i32", '"x"', "INVALID_TYPE /f"],
    ["i8", '"128"', "OUT_OF_RANGE /f"],
    ["bool", '"true"', "INVALID_TYPE /f"],
    ["E", '"B"', "INVALID_ENUM /f"],
    ["list<i32>", "{}", "INVALID_TYPE /f"],
    ["list<i32>", '"x"', "INVALID_TYPE /f"],
    ["list<list<i8>>", "1", "INVALID_TYPE /f"],
    ["list<string>", "[null]", "INVALID_TYPE /f/0"],
    ["string", '{"a":1,"a":2}', "DUPLICATE_KEY /f/a"],
    ["string", "[1,]", "INVALID_JSON "],
  ])("refuses %s %s", (type, json, expected) => {
    expect(refused(type, json)).toBe(expected);
  });

  it("takes null for absent, as any other", () => {
    const codec = codecOfField("string", { lenient: true });
    expect(argumentsHex(codec.encodeJson(Buffer.from('{"f":null}')))).toBe("0c00010000");
  });

  it("finds room for what grows most", () => {
    const codec = codecOfField("list<list<i64>>", { lenient: true });
    const { bytes } = codec.encodeJson(Buffer.from(`{"f":[${"1,".repeat(9_999)}1]}`));
    expect(bytes.length).toBe(29 + 10_000 * 13);
  });
});
