import type { TypeDescriptor } from "../schema/descriptors.ts";

/** Whether maps with such keys may be JSON objects; others are arrays of pairs. */
export function isTextKey(key: TypeDescriptor): boolean {
  return key.kind !== "struct" && key.kind !== "list" && key.kind !== "set" && key.kind !== "map";
}
