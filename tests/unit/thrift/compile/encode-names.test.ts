import { describe, expect, it, vi } from "vitest";
import { createServiceCodec, type MethodCodec } from "../../../../thrift/src/compile/codec.ts";
import type { FieldDescriptor, Schema } from "../../../../thrift/src/schema/descriptors.ts";
import { hostileNames } from "../../../support/arbitrary-schema.ts";
import { argumentsHex, refusal, stringHex } from "./encode-fixture.ts";

const names = [
  ...new Set([
    ...hostileNames,
    "*/",
    "//",
    "];[",
    "slots",
    "input",
    "p",
    "depth",
    "v0",
    "then",
    "length",
    "\u0000",
    "\ud800",
    "a.b",
    "-",
  ]),
];

const wellFormed = names.filter((name) => !/\p{Surrogate}/u.test(name));

/** A schema in which every name is `name`: what no IDL could say, a stored schema might. */
function schemaNamed(name: string, ofField: readonly string[]): Schema {
  const annotations = [[name, name]] as const;
  const fields = ofField.map(
    (fieldName, i): FieldDescriptor => ({
      id: i + 1,
      name: fieldName,
      type: i === 0 ? { kind: "enum", index: 0 } : { kind: "string" },
      requiredness: i === 0 ? "required" : "default",
      ...(i > 0 && { defaultValue: name }),
      annotations,
      doc: name,
    }),
  );
  return {
    services: [
      {
        name,
        annotations,
        methods: [{ name, oneway: false, argumentsIndex: 1, result: undefined, exceptions: [], annotations }],
      },
    ],
    structs: [
      { name, kind: "struct", fields, annotations },
      {
        name,
        kind: "arguments",
        annotations,
        fields: [{ id: 1, name, type: { kind: "struct", index: 0 }, requiredness: "default", annotations }],
      },
    ],
    enums: [{ name, annotations, members: [{ name, value: 7, annotations }] }],
  };
}

function codecNamed(name: string, ofField: readonly string[]): MethodCodec {
  return createServiceCodec(schemaNamed(name, ofField), name).method(name)!;
}

describe("hostile names", () => {
  for (const name of wellFormed) {
    it(`${JSON.stringify(name)} stays data`, () => {
      const exit = vi.spyOn(process, "exit").mockImplementation(() => {
        throw new Error("the name was run");
      });
      const codec = codecNamed(name, [name, `${name}2`]);
      const call = codec.encodeJson(Buffer.from(JSON.stringify({ [name]: name, [`${name}2`]: "x" })));
      expect(Buffer.from(call.bytes.subarray(8, call.seqidOffset)).toString()).toBe(name);
      expect(argumentsHex(call)).toBe("0c0001080001000000070b000200000001780000");
      expect(refusal(() => codec.encodeJson(Buffer.from("{}")))).toBe(
        `MISSING_FIELD /${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
      );
      expect(exit).not.toHaveBeenCalled();
      exit.mockRestore();
    });
  }

  it("beside each other are told apart", () => {
    const codec = codecNamed("all", ["first", ...wellFormed]);
    const members = wellFormed.map((name, i) => `${JSON.stringify(name)}:"v${i}"`);
    const hex = argumentsHex(codec.encodeJson(Buffer.from(`{"first":1,${members}}`)));
    for (let i = 0; i < members.length; i++) {
      const id = (i + 2).toString(16).padStart(4, "0");
      expect(hex).toContain(`0b${id}${stringHex(`v${i}`)}`);
    }
  });

  it("of method are found, and others are not", () => {
    const codec = createServiceCodec(schemaNamed("__proto__", ["a"]), "__proto__");
    expect(codec.method("__proto__")).toBe(codec.method("__proto__"));
    for (const name of ["constructor", "toString", "hasOwnProperty", ""]) expect(codec.method(name)).toBeUndefined();
    expect(() => createServiceCodec(schemaNamed("a", ["a"]), "constructor")).toThrow(TypeError);
  });
});

describe("numbers in a schema", () => {
  it("that are none never reach generated code", () => {
    const schema = schemaNamed("a", ["a"]);
    const [struct, ...others] = schema.structs;
    const id = "1);process.exit(1);//" as unknown as number;
    const broken: Schema = { ...schema, structs: [{ ...struct!, fields: [{ ...struct!.fields[0]!, id }] }, ...others] };
    const exit = vi.spyOn(process, "exit").mockImplementation(() => {
      throw new Error("the id was run");
    });
    const codec = createServiceCodec(broken, "a").method("a")!;
    try {
      codec.encodeJson(Buffer.from('{"a":7}'));
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
    }
    expect(exit).not.toHaveBeenCalled();
    exit.mockRestore();
  });
});
