import type { TypeDescriptor } from "./descriptors.ts";

/** A type whose values hold no others. Maps with such keys are JSON objects; the rest are arrays of pairs. */
export type ScalarType = Exclude<TypeDescriptor, { kind: "struct" | "list" | "set" | "map" }>;

export function isScalar(type: TypeDescriptor): type is ScalarType {
  return type.kind !== "struct" && type.kind !== "list" && type.kind !== "set" && type.kind !== "map";
}
