import type fc from "fast-check";
import type { FieldDescriptor, StructDescriptor, TypeDescriptor } from "../../thrift/src/schema/descriptors.ts";
import { arbitraryCallOf, arbitrarySchema, type SchemaAndMethod } from "./arbitrary-schema.ts";

/**
 * Schemas that Apache's libraries can hold as well: ids from 1 to 400, in the order in which generated code writes; keys and members
 * of sets that Python can hash, and where equal means equal; no UUIDs, which 0.17 does not know.
 */
const forPeers: fc.Arbitrary<SchemaAndMethod> = arbitrarySchema.map(({ schema, method }) => ({
  method,
  schema: { ...schema, structs: schema.structs.map((struct) => ({ ...struct, fields: fieldsForPeers(struct) })) },
}));

export const arbitraryPeerCall = arbitraryCallOf(forPeers);

function fieldsForPeers({ fields }: StructDescriptor): FieldDescriptor[] {
  const byId = new Map<number, FieldDescriptor>();
  for (const { defaultValue, ...field } of fields) {
    const id = field.id > 0 && field.id <= 20 ? field.id : (Math.abs(field.id) % 380) + 21;
    const type = typeForPeers(field.type);
    const same = JSON.stringify(type) === JSON.stringify(field.type) && defaultValue !== undefined;
    if (!byId.has(id)) byId.set(id, { ...field, id, type, ...(same ? { defaultValue } : {}) });
  }
  return [...byId.values()].sort((a, b) => a.id - b.id);
}

function typeForPeers(type: TypeDescriptor): TypeDescriptor {
  switch (type.kind) {
    case "uuid":
      return { kind: "string" };
    case "list":
      return { kind: "list", element: typeForPeers(type.element) };
    case "set":
      return { kind: "set", element: hashable(type.element) };
    case "map":
      return { kind: "map", key: hashable(type.key), value: typeForPeers(type.value) };
    default:
      return type;
  }
}

function hashable(type: TypeDescriptor): TypeDescriptor {
  switch (type.kind) {
    case "double":
      return { kind: "i64" };
    case "uuid":
    case "struct":
    case "list":
    case "set":
    case "map":
      return { kind: "string" };
    default:
      return type;
  }
}

function types({ schema }: SchemaAndMethod): string {
  return JSON.stringify(schema.structs.map(({ fields }) => fields.map(({ type }) => type)));
}

/** Members of sets have no order, neither in Python nor in JSON texts that are to be compared. */
export const holdsSets = (call: SchemaAndMethod) => types(call).includes('"kind":"set"');
/** The npm package reads each as false in the compact protocol. */
export const holdsBoolsInContainers = (call: SchemaAndMethod) => /"(element|key|value)":\{"kind":"bool"/.test(types(call));
/** Python's decoder in C reads 0x80 as false in the binary protocol; to us, and to most, only 0 is. */
export const holdsBools = (call: SchemaAndMethod) => types(call).includes('"kind":"bool"');
