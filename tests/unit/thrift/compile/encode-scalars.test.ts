import { describe, expect, it } from "vitest";
import { codecOfField, faultOf, fieldHex, refusal, stringHex } from "./encode-fixture.ts";

function double(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString("hex");
}

/** JSON text of a value → its Thrift bytes in hex. */
const accepted: Record<string, readonly (readonly [json: string, hex: string])[]> = {
  bool: [
    ["true", "01"],
    ["false", "00"],
  ],
  i8: [
    ["127", "7f"],
    ["-128", "80"],
    ["0", "00"],
    ["-0", "00"],
    ["1.0", "01"],
    ["1e2", "64"],
    ["-1.28E+2", "80"],
    ["100e-2", "01"],
  ],
  byte: [["1", "01"]],
  i16: [
    ["32767", "7fff"],
    ["-32768", "8000"],
    ["-1", "ffff"],
  ],
  i32: [
    ["2147483647", "7fffffff"],
    ["-2147483648", "80000000"],
    ["1000000000", "3b9aca00"],
    ["999999999", "3b9ac9ff"],
    ["-1", "ffffffff"],
    ["0e999999", "00000000"],
    ["-0.0", "00000000"],
    ["2147483647.000", "7fffffff"],
    ["21474836470e-1", "7fffffff"],
  ],
  i64: [
    ["0", "0000000000000000"],
    ["-0", "0000000000000000"],
    ["1", "0000000000000001"],
    ["-1", "ffffffffffffffff"],
    ["4294967296", "0000000100000000"],
    ["-4294967296", "ffffffff00000000"],
    ["999999999999999", "00038d7ea4c67fff"],
    ["-999999999999999", "fffc72815b398001"],
    ["9007199254740993", "0020000000000001"],
    ["-9007199254740993", "ffdfffffffffffff"],
    ["1234567890123456789", "112210f47de98115"],
    ["9223372036854775807", "7fffffffffffffff"],
    ["-9223372036854775808", "8000000000000000"],
    ["-9223372036854775807", "8000000000000001"],
    ["9223372036854775807.0", "7fffffffffffffff"],
    ["9.223372036854775807e18", "7fffffffffffffff"],
    ["1e18", "0de0b6b3a7640000"],
    ['"9223372036854775807"', "7fffffffffffffff"],
    ['"-9223372036854775808"', "8000000000000000"],
    ['"12"', "000000000000000c"],
    ['"0012"', "000000000000000c"],
    ['"000000000000000000000000012"', "000000000000000c"],
    ['"\\u0031\\u0032"', "000000000000000c"],
    ['"-0"', "0000000000000000"],
  ],
  double: [
    ["0", double(0)],
    ["-0", double(-0)],
    ["-0.0", double(-0)],
    ["1", double(1)],
    ["0.1", double(0.1)],
    ["-123.456", double(-123.456)],
    ["1e2", double(100)],
    ["1.5E-3", double(0.0015)],
    ["0.30000000000000004", double(0.30000000000000004)],
    ["123456789012345", double(123456789012345)],
    ["12345678901234567890", double(Number("12345678901234567890"))],
    ["0.000000000000001", double(1e-15)],
    ["1.7976931348623157e308", double(Number.MAX_VALUE)],
    ["5e-324", double(5e-324)],
    ["2.2250738585072011e-308", double(Number("2.2250738585072011e-308"))],
    ["1e-400", double(0)],
    ['"NaN"', "7ff8000000000000"],
    ['"Infinity"', double(Number.POSITIVE_INFINITY)],
    ['"-Infinity"', double(Number.NEGATIVE_INFINITY)],
    ['"\\u004eaN"', "7ff8000000000000"],
  ],
  string: [
    ['""', stringHex("")],
    ['"a"', stringHex("a")],
    ['"abcd"', stringHex("abcd")],
    ['"abcde"', stringHex("abcde")],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t"', stringHex('"\\/\b\f\n\r\t')],
    ['"\\u0041\\u00e4\\u20AC\\ud83d\\ude00"', stringHex("A\u00e4\u20ac\u{1f600}")],
    ['"\\u0000"', stringHex("\u0000")],
    ['"\\u0000\\u0000ab"', stringHex("\u0000\u0000ab")],
    ['"a\u00e4\u20ac\u{1f600}b\u007f"', stringHex("a\u00e4\u20ac\u{1f600}b\u007f")],
    ['"\ufeff\uffff\u{10ffff}"', stringHex("\ufeff\uffff\u{10ffff}")],
    [JSON.stringify("\u0080\u07ff\u0800\ud7ff\ue000"), stringHex("\u0080\u07ff\u0800\ud7ff\ue000")],
    [`"${"x".repeat(70_000)}"`, stringHex("x".repeat(70_000))],
    [`"${"\u20ac".repeat(30_000)}"`, stringHex("\u20ac".repeat(30_000))],
  ],
  binary: [
    ['""', "00000000"],
    ['"AA=="', "0000000100"],
    ['"AA"', "0000000100"],
    ['"AAE="', "000000020001"],
    ['"AAE"', "000000020001"],
    ['"AAEC"', "00000003000102"],
    ['"+/+/"', "00000003fbffbf"],
    ['"-_-_"', "00000003fbffbf"],
    ['"\\/\\/8="', "00000002ffff"],
    ['"\\u0041AEC"', "00000003000102"],
  ],
  uuid: [
    ['"00112233-4455-6677-8899-aabbccddeeff"', "00112233445566778899aabbccddeeff"],
    ['"00112233-4455-6677-8899-AABBCCDDEEFF"', "00112233445566778899aabbccddeeff"],
  ],
};

const typed = { type: "INVALID_TYPE /f", range: "OUT_OF_RANGE /f", utf8: "INVALID_UTF8 /f", json: "INVALID_JSON " };
const otherKinds = ["[]", "{}", "[1]", '{"a":1}'];

const refused: Record<string, Partial<Record<keyof typeof typed, readonly string[]>>> = {
  bool: { type: ["0", "1", '"true"', '""', ...otherKinds], json: ["True", "tru", "truE", "falsy", "nul"] },
  i8: {
    range: ["128", "-129", "1e30", "1e400"],
    type: ["1.5", "true", '"7"', ...otherKinds],
    json: ["01", "-", "+1", "1.", ".5", "1e", "0x1"],
  },
  i16: { range: ["32768", "-32769"], type: ["1e-1", '"7"'] },
  i32: {
    range: ["2147483648", "-2147483649", "9999999999", "1e400", "1e30", "-1e999999999999"],
    type: ["0.5", "1.0000000001", "1e-400", "false", '"7"', '""', "9".repeat(1_000_000), ...otherKinds],
    json: ["00", "-01", "1e+", "1.e1", "1 2", "--1", "1_0", "Infinity", "NaN"],
  },
  i64: {
    range: [
      "9223372036854775808",
      "-9223372036854775809",
      "10000000000000000000",
      "1e19",
      "18446744073709551616",
      '"9223372036854775808"',
      '"99999999999999999999999"',
    ],
    type: ["0.5", '"1.0"', '"1e2"', '""', '"-"', '"+1"', '" 1"', '"0x10"', '"12a"', '"\u0661"', "true", ...otherKinds],
    json: ["01", "-"],
  },
  double: {
    range: ["1e400", "-1e400", "1e99999999999999999999"],
    type: ['"nan"', '"1"', '""', '"+Infinity"', "true", "1".repeat(1_025), ...otherKinds],
    json: ["01", "-", "1.", ".1", "1e", "NaN", "-Infinity", "00.1", "-.1"],
  },
  string: {
    type: ["0", "-1.5e3", "true", "false", ...otherKinds],
    json: ['"', '"a', '"\\"', '"\\x"', '"\\u12g4"', '"\\u"', '"\n"', '"\t"', '"\u0000"', "'a'"],
  },
  binary: {
    type: [
      '"A"',
      '"AAAAA"',
      '"AB=="',
      '"AB"',
      '"AAF="',
      '"AA="',
      '"AA==="',
      '"A==="',
      '"===="',
      '"A A="',
      '"AA==AA=="',
      '"\u00e4aaa"',
      "1",
      "[1]",
    ],
  },
  uuid: {
    type: [
      '""',
      '"00112233445566778899aabbccddeeff"',
      '"{00112233-4455-6677-8899-aabbccddeeff}"',
      '"00112233-4455-6677-8899-aabbccddeef"',
      '"00112233-4455-6677-8899-aabbccddeefff"',
      '"00112233-4455-6677-8899-aabbccddeefg"',
      '"0011223304455-6677-8899-aabbccddeeff"',
      "1",
    ],
  },
};

describe("JSON values of scalar types", () => {
  for (const [type, cases] of Object.entries(accepted)) {
    const codec = codecOfField(type);
    for (const [json, hex] of cases) {
      it(`${type} ${json.slice(0, 60)}`, () => {
        expect(fieldHex(codec, `{"f":${json}}`)).toBe(hex);
        expect(fieldHex(codec, ` {\n "f" :\t${json} } \r\n`)).toBe(hex);
      });
    }
  }

  for (const [type, byCode] of Object.entries(refused)) {
    const codec = codecOfField(type);
    for (const [kind, texts] of Object.entries(byCode)) {
      for (const json of texts) {
        it(`not ${type} ${json.slice(0, 60)}`, () => {
          expect(refusal(() => codec.encodeJson(Buffer.from(`{"f":${json}}`)))).toBe(typed[kind as keyof typeof typed]);
        });
      }
    }
  }
});

describe("strings", () => {
  const codec = codecOfField("string");
  const malformed = {
    "a stray continuation byte": "80",
    "an overlong slash": "c0af",
    "an overlong NUL": "c080",
    "an overlong three-byte sequence": "e08080",
    "an overlong four-byte sequence": "f0808080",
    "a byte pair that is no sequence": "c328",
    "a surrogate in UTF-8": "eda080",
    "a pair of surrogates in UTF-8": "eda080edb080",
    "beyond U+10FFFF": "f4908080",
    "a byte that never occurs": "ff",
    "five bytes": "f888808080",
    "a truncated three-byte sequence": "e282",
    "a truncated four-byte sequence": "f09f98",
  };

  for (const [name, hex] of Object.entries(malformed)) {
    for (const before of ["", "abc", "abcd", "\\n", "\u20ac"]) {
      it(`refuses ${name} behind "${before}"`, () => {
        const json = Buffer.concat([Buffer.from(`{"f":"${before}`), Buffer.from(hex, "hex"), Buffer.from('"}')]);
        expect(refusal(() => codec.encodeJson(json))).toBe("INVALID_UTF8 /f");
      });
      it(`refuses ${name} behind "${before}" in a key and in a value that is skipped`, () => {
        const bytes = Buffer.from(hex, "hex");
        const key = Buffer.concat([Buffer.from(`{"${before}`), bytes, Buffer.from('":1}')]);
        expect(faultOf(() => codec.encodeJson(key)).code).toBe("INVALID_UTF8");
        const value = Buffer.concat([Buffer.from(`{"x":["${before}`), bytes, Buffer.from('"]}')]);
        expect(refusal(() => codec.encodeJson(value))).toBe("INVALID_UTF8 /x/0");
      });
    }
  }

  for (const lone of ["\\ud800", "\\udc00", "\\ud800x", "\\ud800\\u0041", "\\ud800\\ud800\\udc00", "a\\udfff", "\\uD834\\n"]) {
    it(`refuses the lone surrogate in ${lone}`, () => {
      expect(refusal(() => codec.encodeJson(Buffer.from(`{"f":"${lone}"}`)))).toBe("INVALID_UTF8 /f");
      expect(refusal(() => codec.encodeJson(Buffer.from(`{"g":"${lone}"}`)))).toBe("INVALID_UTF8 /g");
    });
  }

  it("copies text of any length, whatever stands around the words", () => {
    for (let length = 0; length < 40; length++) {
      for (const special of ["", "\\n", "\u00e4", "\u20ac", "\u{1f600}", "\\u00e4"]) {
        const text = "abcdefghijklmnopqrstuvwxyz0123456789ABCD".slice(0, length) + special + "xyz".slice(0, length % 4);
        expect(fieldHex(codec, `{"f":"${text}"}`)).toBe(stringHex(JSON.parse(`"${text}"`) as string));
      }
    }
  });
});

describe("enums", () => {
  const codec = codecOfField("E", {}, "enum E { RED = 0, GREEN = 5, LAST = -3 }");

  for (const [json, hex] of [
    ['"GREEN"', "00000005"],
    ['"LAST"', "fffffffd"],
    ['"\\u0052ED"', "00000000"],
    ["5", "00000005"],
    ["5.0", "00000005"],
    ["99", "00000063"],
    ["-2147483648", "80000000"],
  ] as const) {
    it(`takes ${json}`, () => {
      expect(fieldHex(codec, `{"f":${json}}`)).toBe(hex);
    });
  }

  it("names the nearest member", () => {
    const fault = faultOf(() => codec.encodeJson(Buffer.from('{"f":"GREAN"}')));
    expect(fault.code).toBe("INVALID_ENUM");
    expect(fault.pointer).toBe("/f");
    expect(fault.message).toContain('"GREEN"');
  });

  it.each([
    ['"1"', "INVALID_ENUM"],
    ['"5"', "INVALID_ENUM"],
    ['""', "INVALID_ENUM"],
    ['"green"', "INVALID_ENUM"],
    ['"__proto__"', "INVALID_ENUM"],
    ["1.5", "INVALID_TYPE"],
    ["true", "INVALID_TYPE"],
    ["2147483648", "OUT_OF_RANGE"],
  ])("refuses %s with %s", (json, code) => {
    expect(refusal(() => codec.encodeJson(Buffer.from(`{"f":${json}}`)))).toBe(`${code} /f`);
  });
});

describe("i64 of every length", () => {
  const codec = codecOfField("i64");
  it("is exact", () => {
    const values = [0n, 1n, 9n];
    for (let power = 1n; power < 10n ** 19n; power *= 10n) values.push(power, power - 1n, power + 1n, power * 7n + 3n);
    for (let bit = 0n; bit < 64n; bit++) values.push(2n ** bit, 2n ** bit - 1n, 2n ** bit + 1n);
    for (const value of values.flatMap((each) => [each, -each])) {
      const run = () => fieldHex(codec, `{"f":${value}}`);
      const quoted = () => fieldHex(codec, `{"f":"${value}"}`);
      if (BigInt.asIntN(64, value) === value) {
        const hex = BigInt.asUintN(64, value).toString(16).padStart(16, "0");
        expect([run(), quoted()]).toEqual([hex, hex]);
      } else {
        expect(refusal(run)).toBe("OUT_OF_RANGE /f");
        expect(refusal(quoted)).toBe("OUT_OF_RANGE /f");
      }
    }
  });
});

describe("doubles of every shape", () => {
  const codec = codecOfField("double");
  it("are those that JSON.parse reads", () => {
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const digits = (count: number) => Array.from({ length: count }, () => random(10)).join("");
    for (let i = 0; i < 5_000; i++) {
      const whole = `${random(10)}${digits(random(18))}`.replace(/^0+(?=\d)/, "");
      const fraction = random(3) === 0 ? "" : `.${digits(1 + random(20))}`;
      const exponent = random(3) === 0 ? `e${["", "+", "-"][random(3)]}${random(330)}` : "";
      const text = `${random(2) === 0 ? "-" : ""}${whole}${fraction}${exponent}`;
      const value = JSON.parse(text) as number;
      if (Number.isFinite(value)) expect(fieldHex(codec, `{"f":${text}}`), text).toBe(double(value));
      else expect(refusal(() => codec.encodeJson(Buffer.from(`{"f":${text}}`)))).toBe("OUT_OF_RANGE /f");
    }
  });
});
