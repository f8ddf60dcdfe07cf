import type { FieldDescriptor } from "../schema/descriptors.ts";

/** The key under which a field stands in JSON. */
export function fieldJsonName(field: FieldDescriptor): string {
  return field.name;
}
