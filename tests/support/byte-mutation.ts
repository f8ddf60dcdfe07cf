import fc from "fast-check";

/** Type codes, and bytes at the edges of sizes and varints. */
const telling = [0, 1, 2, 8, 11, 12, 13, 14, 15, 16, 0x7f, 0x80, 0xff];

/** A byte changed, bytes added, taken out or repeated, the end cut off: once or several times. */
export const arbitraryMutation = fc.array(
  fc.record({
    kind: fc.constantFrom(
      "set" as const,
      "set" as const,
      "insert" as const,
      "remove" as const,
      "repeat" as const,
      "cut" as const,
    ),
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 8 }),
    byte: fc.oneof(fc.constantFrom(...telling), fc.nat(255)),
  }),
  { minLength: 1, maxLength: 4 },
);
type Mutation = typeof arbitraryMutation extends fc.Arbitrary<infer T> ? T : never;

export function mutate(original: Uint8Array, mutation: Mutation): Uint8Array {
  let bytes = Buffer.from(original);
  for (const { kind, at: anywhere, length, byte } of mutation) {
    if (bytes.length === 0) break;
    const at = anywhere % bytes.length;
    const before = bytes.subarray(0, at);
    const after = bytes.subarray(at);
    if (kind === "set") bytes[at] = byte;
    else if (kind === "insert") bytes = Buffer.concat([before, Buffer.alloc(length, byte), after]);
    else if (kind === "remove") bytes = Buffer.concat([before, after.subarray(length)]);
    else if (kind === "repeat") bytes = Buffer.concat([before, after.subarray(0, length * 8), after]);
    else bytes = Buffer.from(before);
  }
  return bytes;
}
