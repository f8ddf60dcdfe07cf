import { describe, expect, it } from "vitest";
import type { CodecOptions } from "../../../../thrift/src/compile/codec.ts";
import { compileDecoder } from "../../../../thrift/src/compile/decode.ts";
import { Readers } from "../../../../thrift/src/compile/decode-readers.ts";
import type { MethodDescriptor, Schema, TypeDescriptor } from "../../../../thrift/src/schema/descriptors.ts";
import { hostileNames } from "../../../support/arbitrary-schema.ts";
import { resultOf } from "../../../support/oracle-codec.ts";
import { type WireTree, wire, writeWire } from "../../../support/oracle-wire.ts";
import { replyFaultCode } from "../../../support/reply-fault-code.ts";
import {
  enumOf,
  enumType,
  fieldOf,
  listOf,
  mapOf,
  methodOf,
  scalar,
  schemaOf,
  setOf,
  structOf,
  structType,
} from "../../../support/schema-builder.ts";

const defaults: CodecOptions = {
  i64: "number",
  enums: "number",
  unknownFields: "ignore",
  lenient: false,
  maxDepth: 64,
  maxCallBytes: 16_384_000,
  maxReplyJsonBytes: 33_554_432,
};

const emptySchema = schemaOf([]);

function decodeBytes(schema: Schema, method: MethodDescriptor, bytes: Uint8Array, options: Partial<CodecOptions> = {}) {
  const reply = compileDecoder(new Readers(schema, { ...defaults, ...options }), method)(bytes, 0, bytes.length);
  return { ...reply, json: new TextDecoder("utf-8", { fatal: true }).decode(reply.json) };
}

function decode(schema: Schema, type: TypeDescriptor, value: WireTree, options?: Partial<CodecOptions>): string {
  return decodeBytes(schema, methodOf(type), resultOf(value), options).json;
}

/** The result of a value of `code` in these very bytes. */
function rawResult(code: number, ...value: number[]): Uint8Array {
  return Uint8Array.of(code, 0, 0, ...value, 0);
}

describe("scalars", () => {
  const uuid = "00112233445566778899aabbccddeeff";
  it.each<[TypeDescriptor, WireTree, string]>([
    [scalar("bool"), wire.bool(true), "true"],
    [scalar("bool"), wire.bool(false), "false"],
    [scalar("i8"), wire.i8(-128), "-128"],
    [scalar("i16"), wire.i16(-32768), "-32768"],
    [scalar("i32"), wire.i32(-2147483648), "-2147483648"],
    [scalar("i32"), wire.i32(2147483647), "2147483647"],
    [scalar("i64"), wire.i64(0n), "0"],
    [scalar("i64"), wire.i64(-1n), "-1"],
    [scalar("i64"), wire.i64(9007199254740993n), "9007199254740993"],
    [scalar("i64"), wire.i64(9223372036854775807n), "9223372036854775807"],
    [scalar("i64"), wire.i64(-9223372036854775808n), "-9223372036854775808"],
    [scalar("i64"), wire.i64(-4294967296n), "-4294967296"],
    [scalar("i64"), wire.i64(1000000000n), "1000000000"],
    [scalar("double"), wire.double(0), "0"],
    [scalar("double"), wire.double(-0), "-0"],
    [scalar("double"), wire.double(0.1), "0.1"],
    [scalar("double"), wire.double(0.1 + 0.2), "0.30000000000000004"],
    [scalar("double"), wire.double(-19.99), "-19.99"],
    [scalar("double"), wire.double(0.9999999), "0.9999999"],
    [scalar("double"), wire.double(0.000001), "0.000001"],
    [scalar("double"), wire.double(1e-7), "1e-7"],
    [scalar("double"), wire.double(1e21), "1e+21"],
    [scalar("double"), wire.double(2147483648), "2147483648"],
    [scalar("double"), wire.double(-2147483648.5), "-2147483648.5"],
    [scalar("double"), wire.double(5e-324), "5e-324"],
    [scalar("double"), wire.double(1.7976931348623157e308), "1.7976931348623157e+308"],
    [scalar("double"), wire.double(Number.NaN), '"NaN"'],
    [scalar("double"), wire.double(Number.POSITIVE_INFINITY), '"Infinity"'],
    [scalar("double"), wire.double(Number.NEGATIVE_INFINITY), '"-Infinity"'],
    [scalar("string"), wire.string(""), '""'],
    [
      scalar("string"),
      wire.string('say "hi"\\\n\t\b\f\r\u0000\u001f\u007f/'),
      '"say \\"hi\\"\\\\\\n\\t\\b\\f\\r\\u0000\\u001f\u007f/"',
    ],
    [scalar("string"), wire.string("abcé€😀\u2028xyz"), '"abcé€😀\u2028xyz"'],
    [scalar("binary"), wire.string(""), '""'],
    [scalar("binary"), wire.string(Uint8Array.of(255)), '"/w=="'],
    [scalar("binary"), wire.string(Uint8Array.of(255, 254)), '"//4="'],
    [scalar("binary"), wire.string(Uint8Array.of(0, 16, 131)), '"ABCD"'],
    [scalar("uuid"), wire.uuid(uuid), '"00112233-4455-6677-8899-aabbccddeeff"'],
  ])("%o of %o is %s", (type, value, json) => {
    expect(decode(emptySchema, type, value)).toBe(json);
  });

  it.each([2, 0x80, 0xff])("takes the bool byte %d for true", (byte) => {
    expect(decodeBytes(emptySchema, methodOf(scalar("bool")), rawResult(2, byte)).json).toBe("true");
    expect(decodeBytes(emptySchema, methodOf(listOf(scalar("bool"))), rawResult(15, 2, 0, 0, 0, 1, byte)).json).toBe("[true]");
  });

  it("ignores the sign of NaN", () => {
    expect(decodeBytes(emptySchema, methodOf(scalar("double")), rawResult(4, 0xff, 0xf8, 0, 0, 0, 0, 0, 1)).json).toBe('"NaN"');
  });

  it("writes i64 as strings where the service or the field says so", () => {
    const schema = schemaOf([
      structOf("S", [
        fieldOf(1, "plain", "i64"),
        fieldOf(2, "converted", "i64", { annotations: [["api.js_conv", "1"]] }),
        fieldOf(3, "list", listOf(scalar("i64")), { annotations: [["agw.js_conv", ""]] }),
      ]),
    ]);
    const value = wire.struct([1, wire.i64(1n)], [2, wire.i64(2n)], [3, wire.list([wire.i64(3n)])]);
    expect(decode(schema, structType(0), value)).toBe('{"plain":1,"converted":"2","list":["3"]}');
    expect(decode(schema, structType(0), value, { i64: "string" })).toBe('{"plain":"1","converted":"2","list":["3"]}');
  });

  it("writes enums as numbers or names, and numbers that have no name as numbers", () => {
    const schema = schemaOf([], [enumOf("Colour", { RED: 0, GREEN: 5, __proto__x: -1 })]);
    const colours = wire.list([0, 5, -1, 7].map(wire.i32));
    expect(decode(schema, listOf(enumType(0)), colours)).toBe("[0,5,-1,7]");
    expect(decode(schema, listOf(enumType(0)), colours, { enums: "name" })).toBe('["RED","GREEN","__proto__x",7]');
    const counts = wire.map([0, 7].map((key) => [wire.i32(key), wire.bool(true)]));
    expect(decode(schema, mapOf(enumType(0), scalar("bool")), counts, { enums: "name" })).toBe('{"RED":true,"7":true}');
  });
});

describe("strings", () => {
  it.each([
    ["a lone continuation", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["an overlong slash in three bytes", [0xe0, 0x80, 0xaf]],
    ["an overlong slash in four bytes", [0xf0, 0x80, 0x80, 0xaf]],
    ["a high surrogate", [0xed, 0xa0, 0x80]],
    ["a pair of surrogates", [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80]],
    ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["a lead of five", [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ["half a sequence", [0x61, 0xe2, 0x82]],
    ["a broken sequence", [0xe2, 0x82, 0x61, 0x61]],
    ["0xff", [0x61, 0x62, 0x63, 0x64, 0xff]],
  ])("refuses %s", (_, bytes) => {
    const value = wire.string(Uint8Array.from(bytes));
    expect(replyFaultCode(() => decode(emptySchema, scalar("string"), value))).toBe("MALFORMED");
    const key = wire.map([[value, wire.bool(true)]]);
    expect(replyFaultCode(() => decode(emptySchema, mapOf(scalar("string"), scalar("bool")), key))).toBe("MALFORMED");
  });

  it("keeps every character at every place", () => {
    for (const special of ['"', "\\", "\n", "\u0001", "é", "€", "😀", "\u2029", "x"]) {
      for (let before = 0; before < 10; before++) {
        const text = `${"a".repeat(before)}${special}${special}bcdefgh${special}`;
        expect(JSON.parse(decode(emptySchema, scalar("string"), wire.string(text)))).toBe(text);
      }
    }
  });

  it("grows with escapes and long texts", () => {
    for (const text of ["\u0000".repeat(100_000), "a".repeat(1_000_000), "€\n".repeat(200_000)]) {
      expect(JSON.parse(decode(emptySchema, scalar("string"), wire.string(text)))).toBe(text);
    }
    const bytes = new Uint8Array(700_001).map((_, i) => i);
    const json = decode(emptySchema, scalar("binary"), wire.string(bytes));
    expect(json).toBe(`"${Buffer.from(bytes).toString("base64")}"`);
  });
});

describe("the result", () => {
  const schema = schemaOf([structOf("Refused", [fieldOf(1, "why", "string")], "exception")]);
  const method = methodOf(scalar("i32"), [fieldOf(1, "refused", structType(0)), fieldOf(-2, "late", structType(0))]);
  const refusal = wire.struct([1, wire.string("no")]);
  const decodeResult = (...fields: [number, WireTree][]) => decodeBytes(schema, method, writeWire(wire.struct(...fields)));

  it("is the value", () => {
    expect(decodeResult([0, wire.i32(7)])).toEqual({ kind: "value", json: "7" });
  });

  it("is a declared exception", () => {
    const why = { kind: "exception", typeName: "Refused", json: '{"why":"no"}' };
    expect(decodeResult([1, refusal])).toEqual({ ...why, fieldId: 1 });
    expect(decodeResult([-2, refusal])).toEqual({ ...why, fieldId: -2 });
  });

  it("is null for void", () => {
    const nothing = Uint8Array.of(0);
    expect(decodeBytes(schema, methodOf(undefined), nothing)).toEqual({ kind: "value", json: "null" });
    expect(decodeBytes(schema, methodOf(undefined), writeWire(wire.struct([0, wire.i32(1)]))).json).toBe("null");
  });

  it("skips what it does not know", () => {
    expect(decodeResult([5, refusal], [0, wire.i32(7)], [6, wire.list([wire.string("x")])]).json).toBe("7");
    expect(decodeResult([0, wire.string("other type")], [0, wire.i32(7)]).json).toBe("7");
  });

  it.each<[string, [number, WireTree][], string]>([
    ["nothing", [], "MISSING_RESULT"],
    ["an unknown field alone", [[9, wire.i32(1)]], "MISSING_RESULT"],
    ["a value of another type", [[0, wire.string("7")]], "MISSING_RESULT"],
    [
      "value and exception",
      [
        [0, wire.i32(7)],
        [1, refusal],
      ],
      "MALFORMED",
    ],
    [
      "the value twice",
      [
        [0, wire.i32(7)],
        [0, wire.i32(7)],
      ],
      "MALFORMED",
    ],
    [
      "two exceptions",
      [
        [1, refusal],
        [-2, refusal],
      ],
      "MALFORMED",
    ],
  ])("is refused with %s", (_, fields, code) => {
    expect(replyFaultCode(() => decodeResult(...fields))).toBe(code);
  });

  it("is refused with bytes behind it", () => {
    expect(replyFaultCode(() => decodeBytes(schema, method, Uint8Array.of(8, 0, 0, 0, 0, 0, 1, 0, 0)))).toBe("MALFORMED");
  });

  it("is refused without bytes", () => {
    expect(replyFaultCode(() => decodeBytes(schema, method, new Uint8Array(0)))).toBe("MALFORMED");
  });

  it("is read where it stands", () => {
    const decoder = compileDecoder(new Readers(schema, defaults), method);
    const bytes = Uint8Array.of(9, 9, 8, 0, 0, 0, 0, 0, 1, 0, 9, 9);
    expect(new TextDecoder().decode(decoder(bytes, 2, 10).json)).toBe("1");
    expect(replyFaultCode(() => decoder(bytes, 2, 9))).toBe("MALFORMED");
    expect(replyFaultCode(() => decoder(bytes, 2, 11))).toBe("MALFORMED");
  });
});

describe("structs", () => {
  const person = structOf("Person", [
    fieldOf(1, "name", "string", { requiredness: "required" }),
    fieldOf(2, "age", "i32", { requiredness: "optional" }),
    fieldOf(3, "country", "string", { defaultValue: "CH" }),
    fieldOf(-4, "friend", structType(0), { requiredness: "optional" }),
  ]);
  const schema = schemaOf([person]);
  const name: [number, WireTree] = [1, wire.string("Ada")];
  const decodePerson = (...fields: [number, WireTree][]) => decode(schema, structType(0), wire.struct(...fields));

  it("leave out absent fields, and add the defaults of those that have one", () => {
    expect(decodePerson(name)).toBe('{"name":"Ada","country":"CH"}');
    expect(decodePerson([3, wire.string("")], name)).toBe('{"country":"","name":"Ada"}');
    expect(decodePerson(name, [-4, wire.struct(name, [2, wire.i32(3)])])).toBe(
      '{"name":"Ada","friend":{"name":"Ada","age":3,"country":"CH"},"country":"CH"}',
    );
  });

  it("are refused without a required field", () => {
    expect(replyFaultCode(() => decodePerson())).toBe("MALFORMED");
    expect(replyFaultCode(() => decodePerson([1, wire.i32(1)]))).toBe("MALFORMED");
    expect(replyFaultCode(() => decodePerson(name, [-4, wire.struct()]))).toBe("MALFORMED");
  });

  it("are refused with a field twice", () => {
    expect(replyFaultCode(() => decodePerson(name, name))).toBe("MALFORMED");
  });

  it("skip a field of another type than declared", () => {
    expect(decodePerson(name, [2, wire.string("x")], [2, wire.i32(4)])).toBe('{"name":"Ada","age":4,"country":"CH"}');
  });

  it.each<[string, WireTree]>([
    ["bool", wire.bool(true)],
    ["i8", wire.i8(1)],
    ["double", wire.double(1)],
    ["i16", wire.i16(1)],
    ["i32", wire.i32(1)],
    ["i64", wire.i64(1n)],
    ["string", wire.string(Uint8Array.of(0xff))],
    ["uuid", wire.uuid("00".repeat(16))],
    ["struct", wire.struct([1, wire.i32(1)], [1, wire.struct()])],
    ["list", wire.list([wire.list([wire.string("x")])])],
    ["list of fixed size", wire.list([wire.i64(1n), wire.i64(2n)])],
    ["empty list", wire.list([])],
    ["set", wire.set([wire.struct(), wire.struct()])],
    ["map", wire.map([[wire.string("x"), wire.struct()]])],
    ["map of fixed size", wire.map([[wire.i8(1), wire.i16(1)]])],
    ["empty map", wire.map([])],
  ])("skip an unknown %s", (_, value) => {
    expect(decodePerson([100, value], name)).toBe('{"name":"Ada","country":"CH"}');
    const result = resultOf(wire.struct(name, [100, value]));
    for (let end = 0; end < result.length; end++) {
      expect(replyFaultCode(() => decodeBytes(schema, methodOf(structType(0)), result.subarray(0, end)))).toBe("MALFORMED");
    }
  });

  it.each([1, 5, 7, 9, 17, 127, 128, 255])("are refused with the type code %d", (code) => {
    const result = rawResult(12, code, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0);
    expect(replyFaultCode(() => decodeBytes(schema, methodOf(structType(0)), result))).toBe("MALFORMED");
  });

  it("take fields in any order, however many and however numbered", () => {
    const fields = Array.from({ length: 100 }, (_, i) => fieldOf((i * 7919) % 32768, `f${i}`, "i32"));
    const wide = schemaOf([structOf("Wide", fields)]);
    const values = fields.map(({ id }, i): [number, WireTree] => [id, wire.i32(i)]);
    const odd = values.filter((_, i) => i % 2 === 1);
    const even = values.filter((_, i) => i % 2 === 0);
    for (const order of [values, values.toReversed(), [...odd, ...even], odd]) {
      const unknown: [number, WireTree][] = [[32767, wire.string("unknown")]];
      const json = decode(wide, structType(0), wire.struct(...order.slice(0, 10), ...unknown, ...order.slice(10), ...unknown));
      const expected = order.map(([, value]) => `"f${(value as { value: bigint }).value}":${(value as { value: bigint }).value}`);
      expect(json).toBe(`{${expected.join()}}`);
    }
    expect(replyFaultCode(() => decode(wide, structType(0), wire.struct(...values, values[60]!)))).toBe("MALFORMED");
  });

  it("may be empty", () => {
    expect(decode(schemaOf([structOf("Empty", [])]), structType(0), wire.struct())).toBe("{}");
  });

  it("nest as deep as the bound, and no deeper", () => {
    const nested = (levels: number, id: number): WireTree => {
      let value = wire.struct(name);
      for (let i = 1; i < levels; i++) value = wire.struct(name, [id, value]);
      return value;
    };
    const decodeNested = (levels: number, id: number) => decode(schema, structType(0), nested(levels, id), { maxDepth: 8 });
    expect(JSON.parse(decodeNested(8, -4))).toHaveProperty(Array(7).fill("friend").join("."));
    expect(replyFaultCode(() => decodeNested(9, -4))).toBe("TOO_LARGE");
    expect(decodeNested(8, 77)).toBe('{"name":"Ada","country":"CH"}');
    expect(replyFaultCode(() => decodeNested(9, 77))).toBe("TOO_LARGE");
    expect(replyFaultCode(() => decode(schema, structType(0), nested(200, 77)))).toBe("TOO_LARGE");
  });
});

describe("unions", () => {
  const schema = schemaOf([
    structOf("Either", [fieldOf(1, "left", "i32"), fieldOf(2, "right", "string", { defaultValue: "x" })], "union"),
  ]);
  const decodeUnion = (...fields: [number, WireTree][]) => decode(schema, structType(0), wire.struct(...fields));

  it("hold one member, and no defaults", () => {
    expect(decodeUnion([1, wire.i32(1)])).toBe('{"left":1}');
    expect(decodeUnion([9, wire.i32(1)], [2, wire.string("r")])).toBe('{"right":"r"}');
  });

  it.each<[string, [number, WireTree][]]>([
    ["none", []],
    ["an unknown one", [[9, wire.i32(1)]]],
    [
      "two",
      [
        [1, wire.i32(1)],
        [2, wire.string("r")],
      ],
    ],
  ])("are refused with %s", (_, fields) => {
    expect(replyFaultCode(() => decodeUnion(...fields))).toBe("MALFORMED");
  });
});

describe("lists and sets", () => {
  it("are arrays", () => {
    expect(decode(emptySchema, listOf(scalar("i32")), wire.list([1, -2, 3].map(wire.i32)))).toBe("[1,-2,3]");
    expect(decode(emptySchema, setOf(scalar("string")), wire.set([wire.string("a")]))).toBe('["a"]');
    expect(decode(emptySchema, listOf(listOf(scalar("bool"))), wire.list([wire.list([]), wire.list([wire.bool(true)])]))).toBe(
      "[[],[true]]",
    );
  });

  it.each([0, 2, 8, 11, 16])("may be empty of type %d", (code) => {
    expect(decode(emptySchema, listOf(scalar("i32")), wire.list([], code))).toBe("[]");
  });

  it.each([1, 5, 17, 255])("may not be empty of type %d", (code) => {
    expect(replyFaultCode(() => decode(emptySchema, listOf(scalar("i32")), wire.list([], code)))).toBe("MALFORMED");
  });

  it("are refused with elements of another type", () => {
    expect(replyFaultCode(() => decode(emptySchema, listOf(scalar("i32")), wire.list([wire.i64(1n)])))).toBe("MALFORMED");
    expect(replyFaultCode(() => decode(emptySchema, listOf(scalar("i32")), wire.list([wire.i32(1)], 0)))).toBe("MALFORMED");
  });

  it.each([-1, -2147483648, 2, 1000, 2147483647])("are refused with a count of %d", (count) => {
    const size = [24, 16, 8, 0].map((shift) => (count >> shift) & 255);
    for (const element of ["i32", "string"] as const) {
      const code = element === "i32" ? 8 : 11;
      const result = rawResult(15, code, ...size, 0, 0, 0, 0);
      expect(replyFaultCode(() => decodeBytes(emptySchema, methodOf(listOf(scalar(element))), result))).toBe("MALFORMED");
    }
  });

  it("of a million empty structs are bounded by the JSON they make", () => {
    const schema = schemaOf([structOf("Empty", [])]);
    const result = new Uint8Array(1_000_009);
    result.set([15, 0, 0, 12, 0x00, 0x0f, 0x42, 0x40]);
    const method = methodOf(listOf(structType(0)));
    expect(decodeBytes(schema, method, result).json).toHaveLength(3_000_001);
    expect(replyFaultCode(() => decodeBytes(schema, method, result, { maxReplyJsonBytes: 3_000_000 }))).toBe("TOO_LARGE");
    expect(decodeBytes(schema, method, result, { maxReplyJsonBytes: 3_000_001 }).json).toHaveLength(3_000_001);
  });
});

describe("maps", () => {
  const flag = wire.bool(true);

  it.each<[TypeDescriptor, WireTree, string]>([
    [scalar("string"), wire.string('a"b'), '{"a\\"b":true}'],
    [scalar("string"), wire.string("__proto__"), '{"__proto__":true}'],
    [scalar("bool"), wire.bool(false), '{"false":true}'],
    [scalar("i8"), wire.i8(-1), '{"-1":true}'],
    [scalar("i16"), wire.i16(300), '{"300":true}'],
    [scalar("i32"), wire.i32(7), '{"7":true}'],
    [scalar("i64"), wire.i64(9223372036854775807n), '{"9223372036854775807":true}'],
    [scalar("double"), wire.double(-0.5), '{"-0.5":true}'],
    [scalar("double"), wire.double(Number.NaN), '{"NaN":true}'],
    [scalar("double"), wire.double(Number.NEGATIVE_INFINITY), '{"-Infinity":true}'],
    [scalar("binary"), wire.string(Uint8Array.of(255)), '{"/w==":true}'],
    [scalar("uuid"), wire.uuid("00".repeat(16)), '{"00000000-0000-0000-0000-000000000000":true}'],
    [listOf(scalar("i32")), wire.list([wire.i32(1)]), "[[[1],true]]"],
    [setOf(scalar("i32")), wire.set([wire.i32(1)]), "[[[1],true]]"],
    [mapOf(scalar("i32"), scalar("i32")), wire.map([[wire.i32(1), wire.i32(2)]]), '[[{"1":2},true]]'],
    [structType(0), wire.struct([1, wire.i32(1)]), '[[{"x":1},true]]'],
  ])("with a key of %o: %o is %s", (key, value, json) => {
    const schema = schemaOf([structOf("Point", [fieldOf(1, "x", "i32")])]);
    const type = mapOf(key, scalar("bool"));
    expect(decode(schema, type, wire.map([[value, flag]]))).toBe(json);
    expect(
      replyFaultCode(() =>
        decode(
          schema,
          type,
          wire.map([
            [value, flag],
            [value, flag],
          ]),
        ),
      ),
    ).toBe("MALFORMED");
  });

  it("with two words for one bool are refused", () => {
    const result = rawResult(13, 2, 2, 0, 0, 0, 2, 1, 1, 2, 1);
    expect(replyFaultCode(() => decodeBytes(emptySchema, methodOf(mapOf(scalar("bool"), scalar("bool"))), result))).toBe(
      "MALFORMED",
    );
  });

  it.each([2, 8, 9, 10, 17, 1000])("find the one key of %d that is there twice", (count) => {
    const type = mapOf(scalar("string"), scalar("i32"));
    const entries = Array.from({ length: count }, (_, i): [WireTree, WireTree] => [wire.string(`key ${i}`), wire.i32(i)]);
    expect(Object.keys(JSON.parse(decode(emptySchema, type, wire.map(entries))))).toHaveLength(count);
    const twice = entries.with(-1, entries[Math.floor((count - 1) / 2)]!);
    expect(replyFaultCode(() => decode(emptySchema, type, wire.map(twice)))).toBe("MALFORMED");
  });

  it("in maps keep their keys apart", () => {
    const inner = wire.map([
      [wire.i32(1), flag],
      [wire.i32(2), flag],
    ]);
    const type = mapOf(scalar("i32"), mapOf(scalar("i32"), scalar("bool")));
    const both = '{"1":true,"2":true}';
    expect(
      decode(
        emptySchema,
        type,
        wire.map([
          [wire.i32(1), inner],
          [wire.i32(2), inner],
        ]),
      ),
    ).toBe(`{"1":${both},"2":${both}}`);
    expect(
      replyFaultCode(() =>
        decode(
          emptySchema,
          type,
          wire.map([
            [wire.i32(1), inner],
            [wire.i32(1), inner],
          ]),
        ),
      ),
    ).toBe("MALFORMED");
  });

  it("of many keys take linear time", () => {
    const size = 200_000;
    const result = Buffer.alloc(9 + size * 5 + 1);
    result.set([13, 0, 0, 8, 2]);
    result.writeInt32BE(size, 5);
    for (let i = 0; i < size; i++) result.writeInt32BE(i, 9 + i * 5);
    const started = performance.now();
    expect(decodeBytes(emptySchema, methodOf(mapOf(scalar("i32"), scalar("bool"))), result).json).toHaveLength(2_888_891);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it.each([0, 2, 16])("may be empty of type %d", (code) => {
    expect(decode(emptySchema, mapOf(scalar("i32"), scalar("i32")), wire.map([], code, code))).toBe("{}");
    expect(decode(emptySchema, mapOf(listOf(scalar("i32")), scalar("i32")), wire.map([], code, code))).toBe("[]");
  });

  it.each<[string, WireTree]>([
    ["empty, of unknown types", wire.map([], 17, 17)],
    ["with keys of another type", wire.map([[wire.i16(1), wire.i32(1)]])],
    ["with values of another type", wire.map([[wire.i32(1), wire.i16(1)]])],
  ])("are refused %s", (_, value) => {
    expect(replyFaultCode(() => decode(emptySchema, mapOf(scalar("i32"), scalar("i32")), value))).toBe("MALFORMED");
  });

  it.each([-1, -2147483648, 2, 2147483647])("are refused with a count of %d", (count) => {
    const size = [24, 16, 8, 0].map((shift) => (count >> shift) & 255);
    const result = rawResult(13, 8, 8, ...size, 0, 0, 0, 1, 0, 0, 0, 1);
    expect(replyFaultCode(() => decodeBytes(emptySchema, methodOf(mapOf(scalar("i32"), scalar("i32"))), result))).toBe(
      "MALFORMED",
    );
  });
});

describe("defaults", () => {
  const everything = structOf("Everything", [
    fieldOf(1, "bool", "bool", { defaultValue: false }),
    fieldOf(2, "i64", "i64", { defaultValue: 9007199254740993n }),
    fieldOf(3, "converted", "i64", { defaultValue: 5n, annotations: [["api.js_conv", "1"]] }),
    fieldOf(4, "double", "double", { defaultValue: -0 }),
    fieldOf(5, "infinite", "double", { defaultValue: Number.POSITIVE_INFINITY }),
    fieldOf(6, "string", "string", { defaultValue: '"\u2028é' }),
    fieldOf(7, "binary", "binary", { defaultValue: Uint8Array.of(255) }),
    fieldOf(8, "enum", enumType(0), { defaultValue: 5 }),
    fieldOf(9, "list", listOf(scalar("i32")), { defaultValue: { elements: [1, 2] } }),
    fieldOf(10, "map", mapOf(scalar("i32"), scalar("bool")), { defaultValue: { entries: [[1, true]] } }),
    fieldOf(11, "pairs", mapOf(listOf(scalar("i32")), scalar("bool")), { defaultValue: { entries: [[{ elements: [] }, true]] } }),
    fieldOf(12, "struct", structType(1), { defaultValue: { fields: [[1, 7]] } }),
    fieldOf(13, "optional", "i32", { defaultValue: 1, requiredness: "optional" }),
    fieldOf(14, "required", "i32", { defaultValue: 1, requiredness: "required" }),
  ]);
  const inner = structOf("Inner", [
    fieldOf(1, "given", "i32", { defaultValue: 1 }),
    fieldOf(2, "own", "i32", { defaultValue: 2 }),
  ]);
  const schema = schemaOf([everything, inner], [enumOf("Colour", { GREEN: 5 })]);

  it("stand for what is absent", () => {
    expect(decode(schema, structType(0), wire.struct())).toBe(
      '{"bool":false,"i64":9007199254740993,"converted":"5","double":-0,"infinite":"Infinity","string":"\\"\u2028é","binary":"/w==",' +
        '"enum":5,"list":[1,2],"map":{"1":true},"pairs":[[[],true]],"struct":{"given":7,"own":2},"optional":1,"required":1}',
    );
  });

  it("follow the service's options", () => {
    const json = decode(schema, structType(0), wire.struct(), { i64: "string", enums: "name" });
    expect(JSON.parse(json)).toMatchObject({ i64: "9007199254740993", enum: "GREEN" });
  });

  it("that multiply without end are refused when they are due, and only then", () => {
    const endless = schemaOf([
      structOf("Endless", [fieldOf(1, "self", structType(0), { defaultValue: { fields: [] } }), fieldOf(2, "n", "i32")]),
      structOf("Holder", [fieldOf(1, "endless", structType(0)), fieldOf(2, "n", "i32")]),
    ]);
    expect(replyFaultCode(() => decode(endless, structType(0), wire.struct()))).toBe("TOO_LARGE");
    expect(decode(endless, structType(1), wire.struct([2, wire.i32(1)]))).toBe('{"n":1}');
  });

  it("that double with each struct are refused in no time", () => {
    const doubling = Array.from({ length: 60 }, (_, i) =>
      structOf(`S${i}`, [
        fieldOf(1, "a", structType(i + 1), { defaultValue: { fields: [] } }),
        fieldOf(2, "b", structType(i + 1), { defaultValue: { fields: [] } }),
      ]),
    );
    const started = performance.now();
    expect(replyFaultCode(() => decode(schemaOf([...doubling, structOf("Last", [])]), structType(0), wire.struct()))).toBe(
      "TOO_LARGE",
    );
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it("count against the bound of the JSON", () => {
    const text = "x".repeat(10_000);
    const wordy = schemaOf([structOf("Wordy", [fieldOf(1, "text", "string", { defaultValue: text })])]);
    const result = new Uint8Array(100_009);
    result.set([15, 0, 0, 12, 0x00, 0x01, 0x86, 0xa0]);
    expect(replyFaultCode(() => decodeBytes(wordy, methodOf(listOf(structType(0))), result))).toBe("TOO_LARGE");
  });
});

describe("generated source", () => {
  it("takes names for nothing but data", () => {
    const fields = hostileNames.map((name, i) =>
      fieldOf(i + 1, name, i % 2 === 0 ? "i32" : "string", { requiredness: "optional" }),
    );
    const members = Object.fromEntries(
      [...hostileNames.filter((name) => name !== "__proto__").entries()].map(([i, name]) => [name, i]),
    );
    const withDefaults = hostileNames.map((name, i) => fieldOf(i + 1, name, "string", { defaultValue: name }));
    const schema = schemaOf(
      [
        structOf("'+process.exit(1)+'", fields),
        structOf("`+process.exit(1)+`", withDefaults),
        structOf("\n", [fieldOf(1, "e", enumType(0))]),
      ],
      [enumOf("*/", members)],
    );
    const values = fields.map(({ id, type }): [number, WireTree] => [id, type.kind === "i32" ? wire.i32(id) : wire.string("x")]);
    const parsed = JSON.parse(decode(schema, structType(0), wire.struct(...values))) as Record<string, unknown>;
    expect(Object.keys(parsed)).toEqual(hostileNames);
    expect(Object.values(JSON.parse(decode(schema, structType(1), wire.struct())))).toEqual(hostileNames);
    for (const [name, value] of Object.entries(members)) {
      expect(JSON.parse(decode(schema, structType(2), wire.struct([1, wire.i32(value)]), { enums: "name" }))).toEqual({
        e: name,
      });
    }
  });

  it("holds ids as numbers, whatever they were", () => {
    const schema = schemaOf([structOf("S", [fieldOf("1;process.exit(1)" as unknown as number, "x", "i32")])]);
    expect(decode(schema, structType(0), wire.struct([5, wire.i32(1)]))).toBe("{}");
  });

  it("comes once for a type, however often typedefs multiply it", () => {
    let type = scalar("i32");
    for (let i = 0; i < 30; i++) type = mapOf(type, type);
    expect(decode(emptySchema, type, wire.map([]))).toBe("[]");
  });

  it("is ready in no time for a struct of 2,000 fields", () => {
    const fields = Array.from({ length: 2_000 }, (_, i) =>
      fieldOf(i - 1_000, `field${i}`, mapOf(scalar("string"), structType(0))),
    );
    const started = performance.now();
    expect(decode(schemaOf([structOf("Wide", fields)]), structType(0), wire.struct())).toBe("{}");
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe("truncated and mutated replies", () => {
  it("are refused wherever they end", () => {
    const schema = schemaOf([
      structOf("All", [
        ...(["bool", "i8", "i16", "i32", "i64", "double", "string", "binary", "uuid"] as const).map((kind, i) =>
          fieldOf(i + 1, kind, kind),
        ),
        fieldOf(20, "list", listOf(structType(0))),
        fieldOf(21, "map", mapOf(scalar("string"), setOf(scalar("i16")))),
      ]),
    ]);
    const one = wire.struct(
      [1, wire.bool(true)],
      [2, wire.i8(1)],
      [3, wire.i16(2)],
      [4, wire.i32(3)],
      [5, wire.i64(4n)],
      [6, wire.double(1.5)],
      [7, wire.string("text")],
      [8, wire.string("binary")],
      [9, wire.uuid("ab".repeat(16))],
    );
    const value = wire.struct(
      ...one.fields,
      [20, wire.list([one, wire.struct()])],
      [21, wire.map([[wire.string("k"), wire.set([wire.i16(1)])]])],
    );
    const result = resultOf(value);
    const method = methodOf(structType(0));
    expect(() => JSON.parse(decodeBytes(schema, method, result).json)).not.toThrow();
    for (let end = 0; end < result.length; end++) {
      expect(replyFaultCode(() => decodeBytes(schema, method, result.subarray(0, end)))).toMatch("MALFORMED");
    }
  });
});

describe("the bound of the JSON", () => {
  it.each([
    ["text", scalar("string"), wire.string("x".repeat(500))],
    ["escapes", scalar("string"), wire.string("\u0001".repeat(300_000))],
    ["base64", scalar("binary"), wire.string("x".repeat(500))],
    ["numbers", listOf(scalar("i32")), wire.list(Array.from({ length: 100 }, (_, i) => wire.i32(i)))],
  ])("holds for %s to the byte", (_, type, value) => {
    const { length } = decode(emptySchema, type, value);
    expect(decode(emptySchema, type, value, { maxReplyJsonBytes: length })).toHaveLength(length);
    expect(replyFaultCode(() => decode(emptySchema, type, value, { maxReplyJsonBytes: length - 1 }))).toBe("TOO_LARGE");
  });

  it("does not outlive a failed decode", () => {
    const decoder = compileDecoder(
      new Readers(emptySchema, { ...defaults, maxReplyJsonBytes: 300_000 }),
      methodOf(scalar("string")),
    );
    const long = resultOf(wire.string("\u0001".repeat(300_000)));
    const short = resultOf(wire.string("short"));
    expect(replyFaultCode(() => decoder(long, 0, long.length))).toBe("TOO_LARGE");
    expect(decoder(short, 0, short.length).json.buffer.byteLength).toBeLessThan(300_000);
  });
});
