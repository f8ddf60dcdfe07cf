import { describe, expect, it } from "vitest";
import { argumentsHex, codecOf, codecOfField, faultOf, fieldHex, refusal, stringHex } from "./encode-fixture.ts";

const declarations =
  "enum E { A = 1, B = 2 } struct P { 1: i32 x, 2: double d, 3: set<i32> s, 4: map<string, i32> m, 5: list<P> l }";

function hexOf(type: string, json: string): string {
  return fieldHex(codecOfField(type, {}, declarations), `{"f":${json}}`);
}

function refusalOf(type: string, json: string): string {
  return refusal(() => codecOfField(type, {}, declarations).encodeJson(Buffer.from(`{"f":${json}}`)));
}

describe("lists and sets", () => {
  it.each([
    ["list<i32>", "[]", "0800000000"],
    ["list<i32>", "[ 1 , 2 ]", "08000000020000000100000002"],
    ["set<i8>", "[3,1]", "03000000020301"],
    ["list<string>", '["a",""]', `0b00000002${stringHex("a")}${stringHex("")}`],
    ["list<list<bool>>", "[[true],[]]", "0f0000000202000000010102000000 00".replace(" ", "")],
    ["list<P>", '[{},{"x":1}]', "0c000000020008000100000001 00".replace(" ", "")],
    ["list<E>", '["B",7]', "08000000020000000200000007"],
  ])("%s %s", (type, json, hex) => {
    expect(hexOf(type, json)).toBe(hex);
  });

  it.each([
    ["list<i32>", "1", "INVALID_TYPE /f"],
    ["list<i32>", '"1"', "INVALID_TYPE /f"],
    ["list<i32>", "{}", "INVALID_TYPE /f"],
    ["list<i32>", "[1,null]", "INVALID_TYPE /f/1"],
    ["list<i32>", '[1,2,"3"]', "INVALID_TYPE /f/2"],
    ["list<list<i32>>", "[[],[1,[2]]]", "INVALID_TYPE /f/1/1"],
    ["list<string>", "[null]", "INVALID_TYPE /f/0"],
    ["list<P>", "[null]", "INVALID_TYPE /f/0"],
    ["list<P>", '[{"x":1},{"x":"a"}]', "INVALID_TYPE /f/1/x"],
    ["list<i32>", "[1,]", "INVALID_JSON "],
    ["list<i32>", "[,1]", "INVALID_JSON "],
    ["list<i32>", "[1 2]", "INVALID_JSON "],
    ["list<i32>", "[1", "INVALID_JSON "],
    ["set<i32>", "[1,2,1]", "DUPLICATE_SET_MEMBER /f/2"],
    ["set<i32>", "[1,1.0]", "DUPLICATE_SET_MEMBER /f/1"],
    ["set<i64>", '[7,"7"]', "DUPLICATE_SET_MEMBER /f/1"],
    ["set<double>", "[0,-0]", "DUPLICATE_SET_MEMBER /f/1"],
    ["set<double>", '["NaN",1,"NaN"]', "DUPLICATE_SET_MEMBER /f/2"],
    ["set<double>", "[1,1.0e0]", "DUPLICATE_SET_MEMBER /f/1"],
    ["set<string>", '["a","\\u0061"]', "DUPLICATE_SET_MEMBER /f/1"],
    ["set<binary>", '["AA==","AA"]', "DUPLICATE_SET_MEMBER /f/1"],
    ["set<E>", '["A",1]', "DUPLICATE_SET_MEMBER /f/1"],
    ["set<bool>", "[true,false,true]", "DUPLICATE_SET_MEMBER /f/2"],
    ["set<P>", "[{},{}]", "DUPLICATE_SET_MEMBER /f/1"],
    ["set<P>", '[{"x":1,"d":0},{"y":{},"d":-0.0,"x":1}]', "DUPLICATE_SET_MEMBER /f/1"],
    ["set<P>", '[{"s":[1,2]},{"s":[2,1]}]', "DUPLICATE_SET_MEMBER /f/1"],
    ["set<P>", '[{"m":{"a":1,"b":2}},{"m":[["b",2],["a",1]]}]', "DUPLICATE_SET_MEMBER /f/1"],
    ["set<list<double>>", "[[1,0],[1,-0]]", "DUPLICATE_SET_MEMBER /f/1"],
    ["set<set<i8>>", "[[1,2],[3],[2,1]]", "DUPLICATE_SET_MEMBER /f/2"],
    ["list<set<i8>>", "[[1],[1,1]]", "DUPLICATE_SET_MEMBER /f/1/1"],
  ])("%s %s → %s", (type, json, expected) => {
    expect(refusalOf(type, json)).toBe(expected);
  });

  it.each([
    ["set<P>", '[{"l":[{"x":1},{"x":2}]},{"l":[{"x":2},{"x":1}]}]'],
    ["set<P>", '[{"x":1},{"x":2}]'],
    ["set<string>", '["ab","a","b",""]'],
    ["set<list<string>>", '[["a","b"],["ab",""],["","ab"]]'],
    ["set<map<string,string>>", '[{"a":"bc"},{"ab":"c"}]'],
  ])("takes %s %s: no two are equal", (type, json) => {
    expect(() => hexOf(type, json)).not.toThrow();
  });

  it("tells members apart in any number", () => {
    for (const count of [2, 8, 9, 10, 1_000]) {
      const members = Array.from({ length: count }, (_, i) => i);
      expect(() => hexOf("set<i32>", `[${members}]`)).not.toThrow();
      expect(refusalOf("set<i32>", `[${members},${count - 1}]`)).toBe(`DUPLICATE_SET_MEMBER /f/${count}`);
      expect(refusalOf("set<string>", `[${members.map((m) => `"${m}"`)},"0"]`)).toBe(`DUPLICATE_SET_MEMBER /f/${count}`);
      expect(refusalOf("set<P>", `[${members.map((m) => `{"x":${m}}`)},{"x":0}]`)).toBe(`DUPLICATE_SET_MEMBER /f/${count}`);
    }
  });
});

describe("maps", () => {
  it.each([
    ["map<string,i8>", "{}", "0b0300000000"],
    ["map<string,i8>", "[]", "0b0300000000"],
    ["map<string,i8>", '{"a":1, "b" : 2}', `0b0300000002${stringHex("a")}01${stringHex("b")}02`],
    ["map<string,i8>", '[["a",1], [ "b" , 2 ]]', `0b0300000002${stringHex("a")}01${stringHex("b")}02`],
    ["map<string,i8>", '{"":1}', `0b0300000001${stringHex("")}01`],
    ["map<bool,i8>", '{"true":1,"false":2}', "02030000000201010002"],
    ["map<i8,i8>", '{"1":1,"-2":2}', "0303000000020101fe02"],
    ["map<i16,i8>", '{"-32768":1}', "060300000001800001"],
    ["map<i32,i8>", '{"2147483647":1,"1.0":2,"1e2":3}', "0803000000037fffffff0100000001020000006403"],
    ["map<i64,i8>", '{"9223372036854775807":1}', "0a03000000017fffffffffffffff01"],
    ["map<double,i8>", '{"1.5":1}', "0403000000013ff800000000000001"],
    ["map<double,i8>", '{"-Infinity":1}', "040300000001fff000000000000001"],
    ["map<E,i8>", '{"B":1,"1":2,"-9":3}', "080300000003000000020100000001 02fffffff703".replace(" ", "")],
    ["map<uuid,i8>", '{"00112233-4455-6677-8899-aabbccddeeff":1}', "10030000000100112233445566778899aabbccddeeff01"],
    ["map<binary,i8>", '{"AAE=":1}', "0b030000000100000002000101"],
    ["map<i32,i8>", '{"\\u0031":1}', "0803000000010000000101"],
    ["map<i32,i8>", "[[1,1]]", "0803000000010000000101"],
    ["map<P,i8>", '[[{"x":1},5]]', "0c03000000010800010000000100 05".replace(" ", "")],
    ["map<list<i8>,map<i8,i8>>", '[[[1],{"2":3}]]', "0f0d000000010300000001010303000000010203"],
    ["map<set<i8>,i8>", "[[[1,2],3]]", "0e03000000010300000002010203"],
  ])("%s %s", (type, json, hex) => {
    expect(hexOf(type, json)).toBe(hex);
  });

  it.each([
    ["map<string,i8>", "1", "INVALID_TYPE /f"],
    ["map<string,i8>", '"a"', "INVALID_TYPE /f"],
    ["map<P,i8>", "{}", "INVALID_TYPE /f"],
    ["map<list<i8>,i8>", '{"[1]":1}', "INVALID_TYPE /f"],
    ["map<string,i8>", "[1]", "INVALID_TYPE /f/0"],
    ["map<string,i8>", "[[]]", "INVALID_TYPE /f/0"],
    ["map<string,i8>", '[["a"]]', "INVALID_TYPE /f/0"],
    ["map<string,i8>", '[["a",1],["b",2,3]]', "INVALID_TYPE /f/1"],
    ["map<string,i8>", '{"a":null}', "INVALID_TYPE /f/a"],
    ["map<string,i8>", '[["a",null]]', "INVALID_TYPE /f/0/1"],
    ["map<string,i8>", "[[null,1]]", "INVALID_TYPE /f/0/0"],
    ["map<i8,i8>", '[["1",1]]', "INVALID_TYPE /f/0/0"],
    ["map<i8,i8>", '{"":1}', "INVALID_TYPE /f/"],
    ["map<i8,i8>", '{"x":1}', "INVALID_TYPE /f/x"],
    ["map<i8,i8>", '{"01":1}', "INVALID_TYPE /f/01"],
    ["map<i8,i8>", '{" 1":1}', "INVALID_TYPE /f/ 1"],
    ["map<i8,i8>", '{"128":1}', "OUT_OF_RANGE /f/128"],
    ["map<i8,i8>", '{"1.5":1}', "INVALID_TYPE /f/1.5"],
    ["map<i64,i8>", '{"9223372036854775808":1}', "OUT_OF_RANGE /f/9223372036854775808"],
    ["map<bool,i8>", '{"1":1}', "INVALID_TYPE /f/1"],
    ["map<bool,i8>", '{"truetrue":1}', "INVALID_TYPE /f/truetrue"],
    ["map<double,i8>", '{"1e400":1}', "OUT_OF_RANGE /f/1e400"],
    ["map<double,i8>", '{".5":1}', "INVALID_TYPE /f/.5"],
    ["map<E,i8>", '{"C":1}', "INVALID_ENUM /f/C"],
    ["map<uuid,i8>", '{"x":1}', "INVALID_TYPE /f/x"],
    ["map<binary,i8>", '{"A":1}', "INVALID_TYPE /f/A"],
    ["map<string,i8>", '{"a":1,"a":2}', "DUPLICATE_KEY /f/a"],
    ["map<string,i8>", '{"a":1,"\\u0061":2}', "DUPLICATE_KEY /f/a"],
    ["map<string,i8>", '[["a",1],["a",1]]', "DUPLICATE_KEY /f/1/0"],
    ["map<i32,i8>", '{"1":1,"1.0":2}', "DUPLICATE_KEY /f/1.0"],
    ["map<double,i8>", '{"0":1,"-0.0":2}', "DUPLICATE_KEY /f/-0.0"],
    ["map<E,i8>", '{"A":1,"1":2}', "DUPLICATE_KEY /f/1"],
    ["map<binary,i8>", '{"-_8=":1,"+/8":2}', "DUPLICATE_KEY /f/+~18"],
    ["map<P,i8>", '[[{"x":1,"d":2},1],[{"d":2,"x":1},2]]', "DUPLICATE_KEY /f/1/0"],
    ["map<string,i8>", '{"a":1,}', "INVALID_JSON "],
    ["map<string,i8>", '{"a" 1}', "INVALID_JSON "],
    ["map<string,i8>", "{a:1}", "INVALID_JSON "],
  ])("%s %s → %s", (type, json, expected) => {
    expect(refusalOf(type, json)).toBe(expected);
  });

  it("tells keys apart in any number", () => {
    const keys = Array.from({ length: 1_000 }, (_, i) => `"k${i}":1`);
    expect(() => hexOf("map<string,i8>", `{${keys}}`)).not.toThrow();
    expect(refusalOf("map<string,i8>", `{${keys},"k7":1}`)).toBe("DUPLICATE_KEY /f/k7");
  });
});

describe("structs", () => {
  const idl = `
    struct Inner { 1: required string name, 2: optional i32 n = 7 }
    struct S { 1: required i32 a, 2: optional string b, 3: string c, 4: Inner inner, 5: i64 big = 5, bool neg }
    service T { void call(1: S s) }`;
  const codec = codecOf(idl);
  const run = (json: string) => argumentsHex(codec.encodeJson(Buffer.from(json)));
  const big = "0a00050000000000000005";

  it("sends what is given, in the order of the JSON, then the defaults that are not", () => {
    expect(run('{"a":1}')).toBe(`0c0001080001 00000001${big}0000`.replace(" ", ""));
    expect(run('{"c":"x","a":1,"big":6}')).toBe(
      `0c00010b0003${stringHex("x")}08000100000001 0a0005000000000000000600 00`.replaceAll(" ", ""),
    );
    expect(run('{"neg":true,"a":1}')).toBe(`0c000102ffff01 08000100000001${big}0000`.replace(" ", ""));
  });

  it("takes null for absent", () => {
    expect(run('{"a":1,"b":null,"c":null,"inner":null,"big":null,"neg":null}')).toBe(run('{"a":1}'));
    expect(run('{"a":1,"inner":{"name":"n","n":null}}')).toBe(run('{"a":1,"inner":{"name":"n","n":7}}'));
  });

  it("takes escaped keys for plain ones", () => {
    expect(run('{"\\u0061":1,"inn\\u0065r":{"\\u006eame":"x"}}')).toBe(run('{"a":1,"inner":{"name":"x"}}'));
  });

  it("ignores unknown keys and whatever they hold", () => {
    expect(run('{"x":{"a":[1,{"b":"\\ud83d\\ude00"}]},"a":1,"A":2,"":3,"toJSON":"x","then":{},"__proto__":{"a":2}}')).toBe(
      run('{"a":1}'),
    );
  });

  it.each([
    ["{}", "MISSING_FIELD /a"],
    ['{"a":null}', "MISSING_FIELD /a"],
    ['{"A":1}', "MISSING_FIELD /a"],
    ['{"a":1,"inner":{}}', "MISSING_FIELD /inner/name"],
    ['{"a":1,"inner":{"name":null}}', "MISSING_FIELD /inner/name"],
    ['{"a":1,"a":2}', "DUPLICATE_KEY /a"],
    ['{"a":1,"\\u0061":1}', "DUPLICATE_KEY /a"],
    ['{"a":null,"a":2}', "DUPLICATE_KEY /a"],
    ['{"a":1,"x":1,"x":2}', "DUPLICATE_KEY /x"],
    ['{"a":1,"x":1,"y":2,"\\u0078":2}', "DUPLICATE_KEY /x"],
    ['{"a":1,"x":{"y":1,"z":2,"y":3}}', "DUPLICATE_KEY /x/y"],
    ['{"a":1,"x":[{},{"\u00e4":1,"\\u00e4":3}]}', "DUPLICATE_KEY /x/1/\u00e4"],
    ['{"a":1,"inner":[]}', "INVALID_TYPE /inner"],
    ['{"a":1,"inner":"x"}', "INVALID_TYPE /inner"],
    ['{"a":1} {}', "INVALID_JSON "],
    ['{"a":1}x', "INVALID_JSON "],
    ['{"a":1}\u0000', "INVALID_JSON "],
    ['{"a":1,"x":nul}', "INVALID_JSON "],
    ['{"a":1,"x":01}', "INVALID_JSON "],
    ['{"a":1,"x":"', "INVALID_JSON "],
    ['\ufeff{"a":1}', "INVALID_JSON "],
    ["", "INVALID_JSON "],
    ["  ", "INVALID_JSON "],
    ["5", "INVALID_TYPE "],
    ['"x"', "INVALID_TYPE "],
    ["[]", "INVALID_TYPE "],
    ["null", "INVALID_TYPE "],
    ["true", "INVALID_TYPE "],
  ])("%s → %s", (json, expected) => {
    expect(refusal(() => run(json))).toBe(expected);
  });

  it("refuses unknown keys where the service says so, and names the nearest", () => {
    const strict = codecOf(idl, { unknownFields: "reject" });
    const fault = faultOf(() => strict.encodeJson(Buffer.from('{"a":1,"iner":{}}')));
    expect([fault.code, fault.pointer]).toEqual(["UNKNOWN_FIELD", "/iner"]);
    expect(fault.message).toContain('"inner"');
    expect(refusal(() => strict.encodeJson(Buffer.from('{"a":1,"inner":{"name":"x","x/y~":1}}')))).toBe(
      "UNKNOWN_FIELD /inner/x~1y~0",
    );
  });

  it("keeps apart any number of fields", () => {
    for (const count of [1, 31, 32, 33, 64, 65, 200]) {
      const fields = Array.from({ length: count }, (_, i) => `${i + 1}: ${i % 3 === 0 ? "required" : ""} i32 field${i}`);
      const many = codecOf(`struct S { ${fields.join("\n")} } service T { void call(1: S s) }`);
      const keys = Array.from({ length: count }, (_, i) => `"field${i}":${i}`);
      const hex = (i: number) => `08${(i + 1).toString(16).padStart(4, "0")}${i.toString(16).padStart(8, "0")}`;
      const indices = Array.from({ length: count }, (_, i) => i);
      expect(argumentsHex(many.encodeJson(Buffer.from(`{${keys}}`)))).toBe(`0c0001${indices.map(hex).join("")}0000`);
      expect(argumentsHex(many.encodeJson(Buffer.from(`{${keys.toReversed()}}`)))).toBe(
        `0c0001${indices.toReversed().map(hex).join("")}0000`,
      );
      for (const [i, key] of keys.entries()) {
        const without = keys.filter((other) => other !== key);
        const encode = (parts: readonly string[]) => () => many.encodeJson(Buffer.from(`{${parts}}`));
        expect(refusal(encode([...keys, key]))).toBe(`DUPLICATE_KEY /field${i}`);
        if (i % 3 === 0) expect(refusal(encode(without))).toBe(`MISSING_FIELD /field${i}`);
        else expect(encode(without)).not.toThrow();
      }
    }
  });
});

describe("unions", () => {
  const codec = codecOf("union U { 1: i32 a, 2: string b, 3: U u } service T { void call(1: U u) }");
  const run = (json: string) => argumentsHex(codec.encodeJson(Buffer.from(json)));

  it("take exactly one known key whose value is not null", () => {
    expect(run('{"a":1}')).toBe("0c000108000100000001 0000".replace(" ", ""));
    expect(run('{"x":1,"b":"","a":null}')).toBe(`0c00010b0002${stringHex("")}0000`);
    expect(run('{"u":{"u":{"a":1}}}')).toBe("0c00010c00030c0003080001000000010000 0000".replace(" ", ""));
  });

  it.each([
    ["{}", "INVALID_TYPE "],
    ['{"a":null}', "INVALID_TYPE "],
    ['{"x":1}', "INVALID_TYPE "],
    ['{"a":1,"b":"x"}', "INVALID_TYPE "],
    ['{"u":{"a":1,"u":{"a":1}}}', "INVALID_TYPE /u"],
    ['{"u":{"u":{}}}', "INVALID_TYPE /u/u"],
    ['{"a":1,"a":2}', "DUPLICATE_KEY /a"],
  ])("%s → %s", (json, expected) => {
    expect(refusal(() => run(json))).toBe(expected);
  });
});
