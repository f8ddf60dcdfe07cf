import fc from "fast-check";
import { expect, test } from "vitest";
import type {
  Annotations,
  Constant,
  FieldDescriptor,
  ScalarKind,
  Schema,
  TypeDescriptor,
} from "../../../../thrift/src/schema/descriptors.ts";
import { schemaOf } from "./compile-text.ts";
import { type Choose, printIdl } from "./print-idl.ts";

const SCALARS: readonly ScalarKind[] = ["bool", "i8", "i16", "i32", "i64", "double", "string", "binary", "uuid"];
const MEMBER_VALUES = [-5, 0, 1, 7, 2147483647];

const annotations: fc.Arbitrary<Annotations> = fc.array(
  fc.tuple(
    fc.constantFrom("api.get", "a", "go.tag", "_x.1"),
    fc.oneof(fc.constant("1"), fc.string({ unit: "grapheme", maxLength: 5 }).filter(isPlain)),
  ),
  { maxLength: 2 },
);

/** A string may hold anything but NUL. */
function isPlain(text: string): boolean {
  return !text.includes("\0");
}

function typeOf(structs: number, enums: number): fc.Arbitrary<TypeDescriptor> {
  return fc.letrec<{ type: TypeDescriptor }>((tie) => ({
    type: fc.oneof(
      { maxDepth: 3, depthIdentifier: "type" },
      fc.constantFrom(...SCALARS).map((kind): TypeDescriptor => ({ kind })),
      fc.nat({ max: structs - 1 }).map((index): TypeDescriptor => ({ kind: "struct", index })),
      fc.nat({ max: enums - 1 }).map((index): TypeDescriptor => ({ kind: "enum", index })),
      fc.record({ kind: fc.constantFrom("list" as const, "set" as const), element: tie("type") }),
      fc.record({ kind: fc.constant("map" as const), key: tie("type"), value: tie("type") }),
    ),
  })).type;
}

function valuesOf(type: TypeDescriptor): fc.Arbitrary<Constant | undefined> {
  const text = fc.string({ unit: "grapheme", maxLength: 8 }).filter(isPlain);
  switch (type.kind) {
    case "bool":
      return fc.boolean();
    case "i8":
      return fc.integer({ min: -128, max: 127 });
    case "i16":
      return fc.integer({ min: -32768, max: 32767 });
    case "i32":
      return fc.integer();
    case "i64":
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case "double":
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
    case "string":
      return text;
    case "binary":
      return text.map((value) => new TextEncoder().encode(value));
    case "uuid":
      return fc.uuid();
    case "enum":
      return fc.constantFrom(...MEMBER_VALUES);
    case "list":
      return fc.array(valuesOf(type.element), { maxLength: 3 }).map((elements) => {
        return elements.includes(undefined) ? undefined : { elements: elements as Constant[] };
      });
    case "set":
      return fc.constant({ elements: [] });
    case "map":
      return fc.constant({ entries: [] });
    case "struct":
      return fc.constant(undefined);
  }
}

function fieldsOf(type: fc.Arbitrary<TypeDescriptor>, isUnion: boolean): fc.Arbitrary<FieldDescriptor[]> {
  const field = type.chain((chosen) =>
    fc.record({
      id: fc.integer({ min: -1, max: 32767 }),
      type: fc.constant(chosen),
      requiredness: fc.constantFrom("optional" as const, "default" as const),
      value: isUnion ? fc.constant(undefined) : fc.option(valuesOf(chosen), { nil: undefined }),
      annotations,
    }),
  );
  return fc.uniqueArray(field, { maxLength: 5, selector: ({ id }) => (id < 1 ? {} : id) }).map((fields) => {
    let implicit = -1;
    return fields.map(({ id, value, ...rest }, i) => ({
      ...rest,
      id: id < 1 ? implicit-- : id,
      name: `field_${i}`,
      requiredness: isUnion ? ("optional" as const) : rest.requiredness,
      ...(value !== undefined && { defaultValue: value }),
    }));
  });
}

const schemas: fc.Arbitrary<Schema> = fc
  .record({ structs: fc.integer({ min: 1, max: 4 }), enums: fc.integer({ min: 1, max: 2 }) })
  .chain((counts) => {
    const type = typeOf(counts.structs, counts.enums);
    const struct = fc
      .constantFrom("struct" as const, "union" as const, "exception" as const)
      .chain((kind) => fc.record({ kind: fc.constant(kind), fields: fieldsOf(type, kind === "union"), annotations }));
    const method = fc.record({
      oneway: fc.boolean(),
      result: fc.option(type, { nil: undefined }),
      fields: fieldsOf(type, false),
      annotations,
    });
    return fc
      .record({
        structs: fc.array(struct, { minLength: counts.structs, maxLength: counts.structs }),
        enums: fc.array(fc.record({ annotations }), { minLength: counts.enums, maxLength: counts.enums }),
        methods: fc.array(method, { maxLength: 3 }),
        annotations,
      })
      .map((parts): Schema => {
        const structs = parts.structs.map((part, i) => ({ name: `Struct${i}`, ...part }));
        const thrown = structs.findIndex(({ kind }) => kind === "exception");
        const exceptions: FieldDescriptor[] =
          thrown < 0
            ? []
            : [{ id: 3, name: "e", type: { kind: "struct", index: thrown }, requiredness: "default", annotations: [] }];
        return {
          structs: [
            ...structs,
            ...parts.methods.map(({ fields }, i) => ({
              name: `method${i}_args`,
              kind: "arguments" as const,
              annotations: [],
              fields: fields.map((field) => ({ ...field, requiredness: "default" as const })),
            })),
          ],
          enums: parts.enums.map((part, i) => ({
            name: `Enum${i}`,
            ...part,
            members: MEMBER_VALUES.map((value, j) => ({ name: `M${j}`, value, annotations: [] })),
          })),
          services: [
            {
              name: "Service",
              annotations: parts.annotations,
              methods: parts.methods.map(({ oneway, result, annotations: own }, i) => ({
                name: `method${i}`,
                oneway,
                argumentsIndex: structs.length + i,
                result: oneway ? undefined : result,
                exceptions: oneway ? [] : exceptions,
                annotations: own,
              })),
            },
          ],
        };
      });
  });

test("whatever way a schema is written, it is read back the same", () => {
  fc.assert(
    fc.property(schemas, fc.array(fc.nat(), { minLength: 1, maxLength: 50 }), (schema, choices) => {
      let turn = 0;
      const choose: Choose = (...ways) => ways[choices[turn++ % choices.length]! % ways.length]!;
      expect(schemaOf(printIdl(schema, choose))).toEqual(schema);
    }),
    { numRuns: 300 },
  );
});
