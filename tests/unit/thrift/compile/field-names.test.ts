import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { argumentsHex, codecOf, faultOf, refusal } from "./encode-fixture.ts";

const IDL = `
struct Inner { 1: i64 n (api.key="count", api.js_conv), 2: string secret = "s" (api.none) }
struct S {
  1: required string a (api.key="name"),
  2: string plain,
  3: string gone (api.none),
  4: Inner inner (go.tag='json:"nested"'),
  5: string quiet (agw.target="ignore"),
  6: i64 big = 7 (agw.key="dollars", agw.js_conv="str")
}
service T { S call(1: S s) }`;

/** A reply that carries back what was sent. */
function echo(codec: ReturnType<typeof codecOf>, json: string): unknown {
  const reply = Buffer.from(argumentsHex(codec.encodeJson(Buffer.from(json))).replace(/^0c0001/, "0c0000"), "hex");
  return JSON.parse(Buffer.from(codec.decodeResult(reply, 0, reply.length).json).toString());
}

describe("JSON names by annotation", () => {
  test("both ways", () => {
    const sent = '{"name":"x","plain":"p","nested":{"count":"9007199254740993"},"quiet":"q","dollars":1}';
    expect(echo(codecOf(IDL), sent)).toEqual({
      name: "x",
      plain: "p",
      nested: { count: "9007199254740993" },
      dollars: "1",
    });
  });

  test("in any order, and escaped", () => {
    expect(echo(codecOf(IDL), '{"plain":"p","\\u006eame":"x"}')).toEqual({ plain: "p", name: "x", dollars: "7" });
  });

  test("in queries", () => {
    const codec = codecOf(IDL);
    const json = '{"name":"x","nested":{"count":5}}';
    const pairs = [
      ["name", "x"],
      ["nested.count", "5"],
      ["gone", "no"],
    ] as const;
    expect(argumentsHex(codec.encodeText(pairs))).toBe(argumentsHex(codec.encodeJson(Buffer.from(json))));
  });

  test("what is hidden can't be set", () => {
    const codec = codecOf(IDL);
    const plain = argumentsHex(codec.encodeJson(Buffer.from('{"name":"x"}')));
    expect(argumentsHex(codec.encodeJson(Buffer.from('{"name":"x","gone":"g","a":"z"}')))).toBe(plain);
    const strict = codecOf(IDL, { unknownFields: "reject" });
    expect(refusal(() => strict.encodeJson(Buffer.from('{"name":"x","gone":"g"}')))).toBe("UNKNOWN_FIELD /gone");
    expect(
      refusal(() =>
        strict.encodeText([
          ["name", "x"],
          ["gone", "g"],
        ]),
      ),
    ).toBe("UNKNOWN_FIELD /gone");
    expect(refusal(() => strict.encodeJson(Buffer.from('{"a":"x"}')))).toBe("UNKNOWN_FIELD /a");
  });

  test("the default of what is hidden is sent, and not shown", () => {
    const codec = codecOf(IDL);
    const hex = argumentsHex(codec.encodeJson(Buffer.from('{"name":"x","nested":{}}')));
    expect(hex).toContain("0b00020000000173");
    expect(echo(codec, '{"name":"x","nested":{}}')).toEqual({ name: "x", nested: {}, dollars: "7" });
  });

  test("faults say the name that the caller knows", () => {
    const fault = faultOf(() => codecOf(IDL).encodeJson(Buffer.from("{}")));
    expect([fault.code, fault.pointer, fault.message]).toEqual([
      "MISSING_FIELD",
      "/name",
      'the required field "name" of the struct S is missing or null',
    ]);
  });

  test("a union's hidden member is none of its members", () => {
    const codec = codecOf("union U { 1: string a, 2: string b (api.none) } service T { U call(1: U u) }");
    expect(refusal(() => codec.encodeJson(Buffer.from('{"b":"x"}')))).toBe("INVALID_TYPE ");
    expect(echo(codec, '{"a":"x"}')).toEqual({ a: "x" });
  });

  test("any name at all, in structs of any size", () => {
    const name = fc
      .string({ unit: "grapheme", minLength: 2, maxLength: 60 })
      .filter((text) => text.trim() === text && !/["'\\,\p{Cc}]/u.test(text));
    const names = fc.uniqueArray(name, { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(names, fc.array(fc.boolean(), { maxLength: 80 }), (keys, hidden) => {
        const fields = keys.map(
          (key, index) => `${index + 1}: i32 f${index} (api.key="${key}"${hidden[index] ? ", api.none" : ""})`,
        );
        const codec = codecOf(`struct S { ${fields.join(", ")} } service T { S call(1: S s) }`);
        const values = Object.fromEntries(keys.map((key, index) => [key, index]));
        const seen = Object.fromEntries(Object.entries(values).filter(([, index]) => !hidden[index]));
        expect(echo(codec, JSON.stringify(values))).toEqual(seen);
      }),
      { numRuns: 40 },
    );
  });
});
