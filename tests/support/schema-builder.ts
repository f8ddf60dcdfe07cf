import type {
  EnumDescriptor,
  FieldDescriptor,
  MethodDescriptor,
  ScalarKind,
  Schema,
  StructDescriptor,
  TypeDescriptor,
} from "../../thrift/src/schema/descriptors.ts";

/** Descriptors by hand, for tests of what stands behind the linker. */

export const scalar = (kind: ScalarKind): TypeDescriptor => ({ kind });
export const structType = (index: number): TypeDescriptor => ({ kind: "struct", index });
export const enumType = (index: number): TypeDescriptor => ({ kind: "enum", index });
export const listOf = (element: TypeDescriptor): TypeDescriptor => ({ kind: "list", element });
export const setOf = (element: TypeDescriptor): TypeDescriptor => ({ kind: "set", element });
export const mapOf = (key: TypeDescriptor, value: TypeDescriptor): TypeDescriptor => ({ kind: "map", key, value });

export function fieldOf(
  id: number,
  name: string,
  type: TypeDescriptor | ScalarKind,
  extra: Partial<FieldDescriptor> = {},
): FieldDescriptor {
  return { id, name, type: typeof type === "string" ? { kind: type } : type, requiredness: "default", annotations: [], ...extra };
}

export function structOf(
  name: string,
  fields: readonly FieldDescriptor[],
  kind: StructDescriptor["kind"] = "struct",
): StructDescriptor {
  return { name, kind, fields, annotations: [] };
}

export function enumOf(name: string, members: Readonly<Record<string, number>>): EnumDescriptor {
  return {
    name,
    members: Object.entries(members).map(([member, value]) => ({ name: member, value, annotations: [] })),
    annotations: [],
  };
}

export function schemaOf(structs: readonly StructDescriptor[], enums: readonly EnumDescriptor[] = []): Schema {
  return { services: [], structs, enums };
}

export function methodOf(result: TypeDescriptor | undefined, exceptions: readonly FieldDescriptor[] = []): MethodDescriptor {
  return { name: "call", oneway: false, argumentsIndex: 0, result, exceptions, annotations: [] };
}
