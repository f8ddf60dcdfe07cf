import { describe, expect, it } from "vitest";
import type { CodecOptions } from "../../../../thrift/src/compile/codec.ts";
import { argumentsHex, codecOf, faultOf, refusal } from "./encode-fixture.ts";

const idl = `
  enum E { A = 1, B = 2 }
  struct Inner { 1: i32 n, 2: string s, 3: Inner inner, 4: list<i8> l }
  struct S {
    1: bool flag, 2: i8 tiny, 3: i32 n, 4: i64 id, 5: double d, 6: string s, 7: binary b, 8: uuid u, 9: E e,
    10: list<i32> l, 11: set<string> set, 12: map<string, i32> m, 13: Inner inner, 14: list<Inner> inners, 15: list<list<i8>> ll
  }
  service T { void call(1: S s) }`;

type Pairs = readonly (readonly [string, string])[];

const encode = (pairs: Pairs, options?: Partial<CodecOptions>) => argumentsHex(codecOf(idl, options).encodeText(pairs));
const json = (text: string) => argumentsHex(codecOf(idl).encodeJson(Buffer.from(text)));
const refused = (pairs: Pairs, options?: Partial<CodecOptions>) => refusal(() => encode(pairs, options));

function pairsOf(query: string): Pairs {
  return [...new URLSearchParams(query)];
}

describe("arguments in a query", () => {
  it.each([
    ["", "{}"],
    ["flag=true", '{"flag":true}'],
    ["flag=1", '{"flag":true}'],
    ["flag=false", '{"flag":false}'],
    ["flag=0", '{"flag":false}'],
    ["tiny=-128", '{"tiny":-128}'],
    ["n=2", '{"n":2}'],
    ["n=007", '{"n":7}'],
    ["n=-0", '{"n":0}'],
    ["n=1e2", '{"n":100}'],
    ["id=9223372036854775807", '{"id":9223372036854775807}'],
    ["d=1.50", '{"d":1.5}'],
    ["d=NaN", '{"d":"NaN"}'],
    ["d=-Infinity", '{"d":"-Infinity"}'],
    ["s=2", '{"s":"2"}'],
    ["s=", '{"s":""}'],
    ["s=%00", '{"s":"\\u0000"}'],
    ["s=a%20%22b%22\\", '{"s":"a \\"b\\"\\\\"}'],
    ["s=null", '{"s":"null"}'],
    ["s=%E2%82%AC", '{"s":"\u20ac"}'],
    ["b=-_8", '{"b":"-_8"}'],
    ["u=00112233-4455-6677-8899-aabbccddeeff", '{"u":"00112233-4455-6677-8899-aabbccddeeff"}'],
    ["e=B", '{"e":"B"}'],
    ["e=2", '{"e":2}'],
    ["e=99", '{"e":99}'],
    ["l=1", '{"l":[1]}'],
    ["l=1&l=2&l=3", '{"l":[1,2,3]}'],
    ["set=a&set=b", '{"set":["a","b"]}'],
    ["inner.n=1&inner.s=x", '{"inner":{"n":1,"s":"x"}}'],
    ["inner.n=1&s=y&inner.inner.inner.s=x", '{"inner":{"n":1,"inner":{"inner":{"s":"x"}}},"s":"y"}'],
    ["inner.l=1&inner.l=2", '{"inner":{"l":[1,2]}}'],
    ['m={"a":1}', '{"m":{"a":1}}'],
    ['inner={"n":1}', '{"inner":{"n":1}}'],
    ['inners={"n":1}&inners={}', '{"inners":[{"n":1},{}]}'],
    ["ll=[1,2]&ll=[]", '{"ll":[[1,2],[]]}'],
    ["unknown=1&n=1&N=2&__proto__=x&a[b]=1&a[]=1&n[]=5&n.x=1&inner.z=1&.n=1&inner.=1&constructor=1", '{"n":1}'],
  ])("%s says %s", (query, text) => {
    expect(encode(pairsOf(query))).toBe(json(text));
  });

  it.each([
    ["flag=yes", "INVALID_TYPE /flag"],
    ["flag=", "INVALID_TYPE /flag"],
    ["tiny=128", "OUT_OF_RANGE /tiny"],
    ["n=", "INVALID_TYPE /n"],
    ["n=x", "INVALID_TYPE /n"],
    ["n=1.5", "INVALID_TYPE /n"],
    ["n= 1", "INVALID_TYPE /n"],
    ["n=0x10", "INVALID_TYPE /n"],
    ["n=1e400", "OUT_OF_RANGE /n"],
    ["n=1&n=2", "INVALID_TYPE /n"],
    ["n=null", "INVALID_TYPE /n"],
    ['n=1,"s":2', "INVALID_TYPE /n"],
    ["id=9223372036854775808", "OUT_OF_RANGE /id"],
    ["d=1e400", "OUT_OF_RANGE /d"],
    ["d=Inf", "INVALID_TYPE /d"],
    ["b=A", "INVALID_TYPE /b"],
    ["u=1", "INVALID_TYPE /u"],
    ["e=C", "INVALID_ENUM /e"],
    ["l=1&l=x", "INVALID_TYPE /l/1"],
    ["set=a&set=a", "DUPLICATE_SET_MEMBER /set/1"],
    ["inner.n=x", "INVALID_TYPE /inner.n"],
    ["inner.l=1&inner.l=x", "INVALID_TYPE /inner.l/1"],
    ["inner.n=1&inner.n=2", "INVALID_TYPE /inner.n"],
    ['inner={"n":1}&inner.n=2', "INVALID_TYPE /inner.n"],
    ['inner.n=2&inner={"n":1}', "INVALID_TYPE /inner"],
    ["m={", "INVALID_JSON /m"],
    ["m=", "INVALID_JSON /m"],
    ['m={"a":1},"s":2', "INVALID_JSON /m"],
    ['m={"a":"x"}', "INVALID_TYPE /m/a"],
    ['m={"a":1,"a":2}', "DUPLICATE_KEY /m/a"],
    ['inner={"inner":{"n":"x"}}', "INVALID_TYPE /inner/inner/n"],
    ["inner=5", "INVALID_TYPE /inner"],
    ["inners={}&inners=[", "INVALID_JSON /inners"],
  ])("%s → %s", (query, expected) => {
    expect(refused(pairsOf(query))).toBe(expected);
  });

  it("keeps surrogates in pairs", () => {
    expect(refused([["s", "\ud800"]])).toBe("INVALID_UTF8 /s");
    expect(encode([["s", "\u{1f600}"]])).toBe(json('{"s":"\u{1f600}"}'));
  });

  it("refuses unknown names where the service says so, and names the nearest", () => {
    for (const [name, value] of pairsOf("x=1&__proto__=1&a[b]=1&a[]=1&n[]=1&inner.z=1&n.x=1")) {
      expect(refused([[name, value]], { unknownFields: "reject" })).toBe(`UNKNOWN_FIELD /${name}`);
    }
    const fault = faultOf(() => encode([["iner", "1"]], { unknownFields: "reject" }));
    expect(fault.message).toContain('"inner"');
  });

  it("asks for what is required", () => {
    const codec = codecOf(
      "struct I { 1: required i8 y, 2: i8 z } struct S { 1: required i8 x, 2: I i } service T { void call(1: S s) }",
    );
    expect(refusal(() => codec.encodeText([]))).toBe("MISSING_FIELD /x");
    expect(
      refusal(() =>
        codec.encodeText([
          ["x", "1"],
          ["i.z", "1"],
        ]),
      ),
    ).toBe("MISSING_FIELD /i.y");
  });

  it("reaches parameters where there are several, or none", () => {
    const several = codecOf("struct I { 1: i8 y } service T { void call(1: I i, 2: list<i8> l) }");
    expect(argumentsHex(several.encodeText(pairsOf("l=1&i.y=2&l=3")))).toBe(
      argumentsHex(several.encodeJson(Buffer.from('{"l":[1,3],"i":{"y":2}}'))),
    );
    expect(argumentsHex(several.encodeText(pairsOf('i={"y":2}')))).toBe(
      argumentsHex(several.encodeJson(Buffer.from('{"i":{"y":2}}'))),
    );
    const none = codecOf("service T { void call() }");
    expect(argumentsHex(none.encodeText(pairsOf("a=1")))).toBe("00");
  });

  it("takes the only parameter's name for the whole of it", () => {
    expect(argumentsHex(codecOf("struct R { 1: i8 a } service T { void call(1: R req) }").encodeText([["req", '{"a":1}']]))).toBe(
      "0c0001030001010000",
    );
    const codec = codecOf("struct R { 1: i8 a } service T { void call(1: R req) }");
    expect(refusal(() => codec.encodeText([["req", '{"a":"x"}']]))).toBe("INVALID_TYPE /req/a");
    expect(refusal(() => codec.encodeText([["req", "{"]]))).toBe("INVALID_JSON /req");
    expect(
      argumentsHex(
        codec.encodeText([
          ["_", "1"],
          ["req", '{"a":1}'],
        ]),
      ),
    ).toBe("0c0001030001010000");
    expect(
      refusal(() =>
        codec.encodeText([
          ["req", '{"a":1}'],
          ["a", "1"],
        ]),
      ),
    ).toBe("INVALID_TYPE /req");
    expect(
      refusal(() =>
        codec.encodeText([
          ["req", "{}"],
          ["req", "{}"],
        ]),
      ),
    ).toBe("INVALID_TYPE /req");
    const namesake = codecOf("struct R { 1: string req } service T { void call(1: R req) }");
    expect(argumentsHex(namesake.encodeText([["req", "{"]]))).toBe("0c00010b0001000000017b0000");
  });

  it("bounds nesting in names, and stays flat for long ones", () => {
    expect(() => encode([[`${"inner.".repeat(63)}n`, "1"]])).not.toThrow();
    expect(faultOf(() => encode([[`${"inner.".repeat(64)}n`, "1"]])).code).toBe("JSON_TOO_DEEP");
    expect(faultOf(() => encode([[`${"inner.".repeat(100_000)}n`, "1"]])).code).toBe("JSON_TOO_DEEP");
  });
});
