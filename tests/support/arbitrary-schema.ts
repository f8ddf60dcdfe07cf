import fc from "fast-check";
import type {
  Annotations,
  Constant,
  EnumDescriptor,
  FieldDescriptor,
  MethodDescriptor,
  Schema,
  StructDescriptor,
  TypeDescriptor,
} from "../../thrift/src/schema/descriptors.ts";
import { OracleFault, oracleEncode } from "./oracle-codec.ts";

/**
 * Arbitrary schemas, and JSON bodies for them. Structs refer to one another as they like, themselves included; unions, required
 * fields, defaults, sparse and negative ids, and names that want to be more than names.
 */

export interface SchemaAndMethod {
  readonly schema: Schema;
  /** One parameter and a result of the same struct, and one exception: a call's JSON can come back as the reply. */
  readonly method: MethodDescriptor;
}

const noAnnotations: Annotations = [];

/** Names that would break out of generated source, out of JSON or into a prototype. */
export const hostileNames = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "out",
  "w",
  "bytes",
  'a"b',
  "a\\b",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is meant to look like one
  "'`${process.exit(1)}",
  '");process.exit(1);//',
  "*/process.exit(1)/*",
  "\u2028\u2029\n\r",
  "</script>",
  "ключ",
  "🔑",
  "a".repeat(100),
];

const name = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,11}$/) },
  { weight: 1, arbitrary: fc.constantFrom(...hostileNames) },
);

const scalarKinds = ["bool", "i8", "i16", "i32", "i64", "double", "string", "binary", "uuid"] as const;

const enums: readonly EnumDescriptor[] = [
  {
    name: "Colour",
    annotations: noAnnotations,
    members: [
      { name: "RED", value: 0, annotations: noAnnotations },
      { name: "GREEN", value: 5, annotations: noAnnotations },
      { name: "__proto__", value: -7, annotations: noAnnotations },
      { name: "LAST", value: 2147483647, annotations: noAnnotations },
    ],
  },
];

function arbitraryType(structs: number, depth = 2): fc.Arbitrary<TypeDescriptor> {
  const scalar: fc.Arbitrary<TypeDescriptor> = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...scalarKinds).map((kind) => ({ kind })) },
    { weight: 1, arbitrary: fc.constant({ kind: "enum" as const, index: 0 }) },
  );
  if (depth === 0) return scalar;
  const inner = arbitraryType(structs, depth - 1);
  return fc.oneof(
    { weight: 6, arbitrary: scalar },
    { weight: 2, arbitrary: fc.nat(structs - 1).map((index) => ({ kind: "struct" as const, index })) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("list" as const, "set" as const), element: inner }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("map" as const), key: inner, value: inner }) },
  );
}

function arbitraryField(structs: number): fc.Arbitrary<FieldDescriptor> {
  return fc
    .record({
      id: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: -32768, max: 32767 })),
      name,
      type: arbitraryType(structs),
      requiredness: fc.constantFrom("required" as const, "optional" as const, "default" as const),
      annotations: fc.constantFrom<Annotations[]>(noAnnotations, noAnnotations, [["api.js_conv", "1"]]),
      withDefault: fc.boolean(),
    })
    .chain(({ withDefault, ...field }) => {
      const constant = withDefault && field.requiredness === "default" ? arbitraryConstant(field.type) : undefined;
      return constant === undefined ? fc.constant(field) : constant.map((defaultValue) => ({ ...field, defaultValue }));
    });
}

function arbitraryStruct(structs: number): fc.Arbitrary<StructDescriptor> {
  return fc
    .record({
      name,
      kind: fc.constantFrom("struct" as const, "struct" as const, "union" as const),
      fields: fc.oneof(
        { weight: 4, arbitrary: arbitraryFields(structs, 6) },
        { weight: 1, arbitrary: arbitraryFields(structs, 40) },
      ),
      annotations: fc.constant(noAnnotations),
    })
    .map((struct) => (struct.kind === "union" ? toUnion(struct) : withoutRequiredStructs(struct)));
}

function arbitraryFields(structs: number, maxLength: number): fc.Arbitrary<FieldDescriptor[]> {
  return fc
    .uniqueArray(arbitraryField(structs), { maxLength, selector: ({ id }) => id })
    .map((fields) => fields.filter((field, i) => fields.findIndex((other) => other.name === field.name) === i));
}

/** A union has a member that ends every recursion, and knows neither defaults nor requiredness. */
function toUnion(struct: StructDescriptor): StructDescriptor {
  const members = struct.fields
    .filter(({ id, name: field }) => id !== 1 && field !== "end")
    .map(({ defaultValue: _, ...field }): FieldDescriptor => ({ ...field, requiredness: "default" }));
  const end: FieldDescriptor = { id: 1, name: "end", type: { kind: "i32" }, requiredness: "default", annotations: noAnnotations };
  return { ...struct, fields: [end, ...members] };
}

function withoutRequiredStructs(struct: StructDescriptor): StructDescriptor {
  return {
    ...struct,
    fields: struct.fields.map((field) => (field.type.kind === "struct" ? { ...field, requiredness: "optional" } : field)),
  };
}

/** Constants of types without structs; `undefined` where the type has one. */
function arbitraryConstant(type: TypeDescriptor): fc.Arbitrary<Constant> | undefined {
  switch (type.kind) {
    case "bool":
      return fc.boolean();
    case "i8":
    case "i16":
    case "i32":
      return arbitraryInteger(type.kind).map(Number);
    case "i64":
      return arbitraryInteger("i64");
    case "double":
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case "string":
      return fc.string({ unit: "binary", maxLength: 8 });
    case "uuid":
      return fc.uuid();
    case "binary":
      return fc.uint8Array({ maxLength: 8 });
    case "enum":
      return fc.constantFrom(0, 5, -7, 99);
    case "list":
      return arbitraryConstant(type.element)?.map((element) => ({ elements: [element, element] }));
    case "set":
      return arbitraryConstant(type.element)?.map((element) => ({ elements: [element] }));
    case "map": {
      const key = arbitraryConstant(type.key);
      const value = arbitraryConstant(type.value);
      return key && value ? fc.tuple(key, value).map((entry) => ({ entries: [entry] })) : undefined;
    }
    case "struct":
      return undefined;
  }
}

const integerBits = { i8: 8, i16: 16, i32: 32, i64: 64 } as const;

function arbitraryInteger(kind: keyof typeof integerBits): fc.Arbitrary<bigint> {
  const half = 2n ** BigInt(integerBits[kind] - 1);
  return fc.oneof(
    fc.bigInt({ min: -half, max: half - 1n }),
    fc.constantFrom(-half, half - 1n, 0n, -1n, 1n, 9n, 10n, 99n, 100n),
    fc
      .integer({ min: 0, max: integerBits[kind] - 2 })
      .chain((shift) => fc.constantFrom(2n ** BigInt(shift), -(2n ** BigInt(shift)))),
    fc.integer({ min: 0, max: kind === "i64" ? 18 : 2 }).map((power) => 10n ** BigInt(power)),
  );
}

export const arbitrarySchema: fc.Arbitrary<SchemaAndMethod> = fc
  .integer({ min: 1, max: 4 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, () => arbitraryStruct(count))))
  .map(([root, ...others]) => {
    const structs = [{ ...root!, kind: "struct" as const }, ...others];
    const exception: StructDescriptor = {
      name: "Refused",
      kind: "exception",
      annotations: noAnnotations,
      fields: [{ id: 1, name: "why", type: { kind: "string" }, requiredness: "default", annotations: noAnnotations }],
    };
    const parameter: FieldDescriptor = {
      id: 1,
      name: "request",
      type: { kind: "struct", index: 0 },
      requiredness: "default",
      annotations: noAnnotations,
    };
    const exceptionIndex = structs.length;
    const argumentsIndex = structs.length + 1;
    const method: MethodDescriptor = {
      name: "echo",
      oneway: false,
      argumentsIndex,
      result: { kind: "struct", index: 0 },
      exceptions: [
        {
          id: 1,
          name: "refused",
          type: { kind: "struct", index: exceptionIndex },
          requiredness: "default",
          annotations: noAnnotations,
        },
      ],
      annotations: noAnnotations,
    };
    const schema: Schema = {
      services: [{ name: "Echo", methods: [method], annotations: noAnnotations }],
      structs: [...structs, exception, { name: "echo_args", kind: "arguments", fields: [parameter], annotations: noAnnotations }],
      enums,
    };
    return { schema, method };
  });

/** A schema, its method, and a body in the very form in which replies are written: fields that have a default are all there. */
export function arbitraryCallOf(
  schemas: fc.Arbitrary<SchemaAndMethod>,
): fc.Arbitrary<SchemaAndMethod & { readonly json: string }> {
  return schemas
    .chain(({ schema, method }) => arbitraryJson(schema, method.result!).map((json) => ({ schema, method, json })))
    .filter(({ schema, method, json }) => isAccepted(schema, method, json));
}

export const arbitraryCall = arbitraryCallOf(arbitrarySchema);

/** Members of a set, or keys of a map, may be the same though their texts differ: sets in another order, defaults written out. */
function isAccepted(schema: Schema, method: MethodDescriptor, json: string): boolean {
  try {
    oracleEncode(schema, method, json);
    return true;
  } catch (error) {
    if (error instanceof OracleFault) return false;
    throw error;
  }
}

/** JSON text of a value, as a reply holds it. `depth` bounds the recursion of structs. */
function arbitraryJson(schema: Schema, type: TypeDescriptor, quotedI64 = false, depth = 3): fc.Arbitrary<string> {
  switch (type.kind) {
    case "bool":
      return fc.constantFrom("true", "false");
    case "i8":
    case "i16":
    case "i32":
      return arbitraryInteger(type.kind).map(String);
    case "i64":
      return arbitraryInteger("i64").map((value) => (quotedI64 ? `"${value}"` : String(value)));
    case "double":
      return fc
        .oneof(
          fc.double(),
          fc.integer().map((value) => value / 100),
          fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value * 1e-7),
          fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(Number),
        )
        .map((value) => (Number.isFinite(value) ? (Object.is(value, -0) ? "-0" : String(value)) : `"${value}"`));
    case "string":
      return fc
        .oneof(fc.string({ unit: "binary" }), fc.string({ unit: fc.constantFrom(...tellingCharacters), maxLength: 40 }))
        .map((text) => JSON.stringify(text));
    case "binary":
      return fc.uint8Array({ maxLength: 20 }).map((bytes) => `"${Buffer.from(bytes).toString("base64")}"`);
    case "uuid":
      return fc.uuid().map((uuid) => `"${uuid}"`);
    case "enum":
      return fc.constantFrom("0", "5", "-7", "2147483647", "1", "-2147483648");
    case "list":
      return arbitraryElements(schema, type.element, quotedI64, depth).map((elements) => `[${elements.join()}]`);
    case "set":
      return arbitraryElements(schema, type.element, quotedI64, depth).map((elements) => `[${distinct(elements).join()}]`);
    case "map":
      return arbitraryMap(schema, type, quotedI64, depth);
    case "struct":
      return arbitraryStructJson(schema, schema.structs[type.index]!, depth);
  }
}

/** Escapes, lengths of UTF-8 and its neighbours. */
const tellingCharacters = [
  "a",
  "z",
  "/",
  '"',
  "\\",
  "\n",
  "\u0000",
  "\u001f",
  "\u007f",
  "\u0080",
  "é",
  "\u07ff",
  "€",
  "\u2028",
  "\ud7ff",
  "\uffff",
  "😀",
];

function arbitraryElements(schema: Schema, element: TypeDescriptor, quotedI64: boolean, depth: number): fc.Arbitrary<string[]> {
  if (depth <= 0) return fc.constant([]);
  return fc.array(arbitraryJson(schema, element, quotedI64, depth - 1), { maxLength: depth + 1 });
}

/** Values that a codec might take for the same are left to tests of their own: zeros of both signs, numbers in other words. */
function distinct(elements: readonly string[]): string[] {
  return [...new Map(elements.map((element) => [element.replaceAll("-0", "0"), element])).values()].filter(
    (element) => !element.includes("NaN"),
  );
}

function arbitraryMap(
  schema: Schema,
  type: TypeDescriptor & { kind: "map" },
  quotedI64: boolean,
  depth: number,
): fc.Arbitrary<string> {
  const pairs = ["struct", "list", "set", "map"].includes(type.key.kind);
  return arbitraryElements(schema, type.key, quotedI64, depth).chain((all) => {
    const keys = distinct(all);
    return fc
      .tuple(...keys.map(() => arbitraryJson(schema, type.value, quotedI64, depth - 1)))
      .map((values) =>
        pairs
          ? `[${keys.map((key, i) => `[${key},${values[i]}]`).join()}]`
          : `{${keys.map((key, i) => `${key.startsWith('"') ? key : `"${key}"`}:${values[i]}`).join()}}`,
      );
  });
}

function arbitraryStructJson(schema: Schema, struct: StructDescriptor, depth: number): fc.Arbitrary<string> {
  if (struct.kind === "union") {
    const members = depth <= 0 ? struct.fields.slice(0, 1) : struct.fields;
    return fc.constantFrom(...members).chain((member) => arbitraryFieldJson(schema, member, depth).map((json) => `{${json}}`));
  }
  const fields = struct.fields.filter(
    (field) => depth > 0 || field.requiredness === "required" || field.defaultValue !== undefined,
  );
  return fc
    .tuple(
      ...fields.map((field) => {
        const json = arbitraryFieldJson(schema, field, depth);
        const due = field.requiredness === "required" || field.defaultValue !== undefined;
        return due ? json : fc.option(json, { nil: undefined });
      }),
    )
    .map((parts) => `{${parts.filter((part) => part !== undefined).join()}}`);
}

function arbitraryFieldJson(schema: Schema, field: FieldDescriptor, depth: number): fc.Arbitrary<string> {
  const quoted = field.annotations.some(([annotation]) => annotation === "api.js_conv");
  return arbitraryJson(schema, field.type, quoted, depth - 1).map((json) => `${JSON.stringify(field.name)}:${json}`);
}
