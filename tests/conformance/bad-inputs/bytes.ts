/** Bytes as the case files write them: text (UTF-8), a repeated text, or hex. */
export type Part = string | { readonly repeat: string; readonly times: number } | { readonly hex: string };

export function bytesOf(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === "string") return Buffer.from(part);
      return "hex" in part ? fromHex(part.hex) : Buffer.from(part.repeat.repeat(part.times));
    }),
  );
}

export function fromHex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

/** Parts in place of a string anywhere in a value become that string. */
export function withRepeats(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withRepeats);
  if (typeof value !== "object" || value === null) return value;
  if ("repeat" in value) return bytesOf([value as Part]).toString();
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withRepeats(each)]));
}
