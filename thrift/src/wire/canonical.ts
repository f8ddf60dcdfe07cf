import { fixedSize, TypeCode } from "./type-code.ts";

let at = 0;

/**
 * A text that two values of type `code` share when and only when they are equal, whatever the order of their fields, set
 * members and map entries. Reads what the encoder wrote at `start`: well-formed, and bounded in depth.
 */
export function canonicalText(bytes: Buffer, start: number, code: number): string {
  at = start;
  return read(bytes, code);
}

function read(bytes: Buffer, code: number): string {
  switch (code) {
    case TypeCode.double:
      at += 8;
      return String(bytes.readDoubleBE(at - 8));
    case TypeCode.string: {
      const start = at + 4;
      at = start + bytes.readInt32BE(at);
      return bytes.toString("latin1", start, at);
    }
    case TypeCode.struct: {
      const fields: string[] = [];
      for (let type = bytes[at++]!; type !== TypeCode.stop; type = bytes[at++]!) {
        const id = bytes.readInt16BE(at);
        at += 2;
        fields.push(`${id} ${read(bytes, type)}`);
      }
      return join(fields.sort(byCodeUnits));
    }
    case TypeCode.list:
    case TypeCode.set: {
      const type = bytes[at]!;
      const count = bytes.readInt32BE(at + 1);
      at += 5;
      const elements: string[] = [];
      for (let i = 0; i < count; i++) elements.push(read(bytes, type));
      return join(code === TypeCode.set ? elements.sort(byCodeUnits) : elements);
    }
    case TypeCode.map: {
      const keyType = bytes[at]!;
      const valueType = bytes[at + 1]!;
      const count = bytes.readInt32BE(at + 2);
      at += 6;
      const entries: string[] = [];
      for (let i = 0; i < count; i++) entries.push(join([read(bytes, keyType), read(bytes, valueType)]));
      return join(entries.sort(byCodeUnits));
    }
    default: {
      const start = at;
      at += fixedSize[code]!;
      return bytes.toString("latin1", start, at);
    }
  }
}

/** With lengths, so that no part can be taken for two. */
function join(parts: readonly string[]): string {
  return parts.map((part) => `${part.length}:${part}`).join("");
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
