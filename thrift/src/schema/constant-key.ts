import type { Constant } from "./descriptors.ts";

/** A text that is the same for two constants of one type exactly where they are the same value. */
export function constantKey(value: Constant): string {
  if (typeof value !== "object") return typeof value === "string" ? JSON.stringify(value) : String(value);
  if (value instanceof Uint8Array) return value.join();
  if ("elements" in value) return `[${value.elements.map(constantKey).join()}]`;
  const pairs: readonly (readonly [Constant, Constant])[] = "entries" in value ? value.entries : value.fields;
  return `{${pairs
    .map(([key, part]) => `${constantKey(key)}:${constantKey(part)}`)
    .sort()
    .join()}}`;
}
