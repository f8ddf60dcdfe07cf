import { fixedSize, TypeCode } from "./type-code.ts";

/** Where the walk over a value is. */
let at = 0;

/** Not known beforehand, so that nobody can send many values of one hash. */
const seed = Math.floor(Math.random() * 0x1_0000_0000) | 0;

/** A number that equal values share, whatever the order of their fields, set members and map entries. */
export function hashOfValue(bytes: Buffer, start: number, code: number): number {
  at = start;
  return hash(bytes, code);
}

function hash(bytes: Buffer, code: number): number {
  switch (code) {
    case TypeCode.struct: {
      let sum = seed;
      for (let type = bytes[at++]!; type !== TypeCode.stop; type = bytes[at++]!) {
        at += 2;
        sum = (sum + mix(hashBytes(bytes, at - 2, at), hash(bytes, type))) | 0;
      }
      return mix(sum, code);
    }
    case TypeCode.list:
    case TypeCode.set: {
      const type = bytes[at]!;
      const count = bytes.readInt32BE(at + 1);
      at += 5;
      let value = seed;
      for (let i = 0; i < count; i++) {
        const element = hash(bytes, type);
        value = code === TypeCode.list ? mix(value, element) : (value + mix(seed, element)) | 0;
      }
      return mix(value, code);
    }
    case TypeCode.map: {
      const keyType = bytes[at]!;
      const valueType = bytes[at + 1]!;
      const count = bytes.readInt32BE(at + 2);
      at += 6;
      let sum = seed;
      for (let i = 0; i < count; i++) sum = (sum + mix(mix(seed, hash(bytes, keyType)), hash(bytes, valueType))) | 0;
      return mix(sum, code);
    }
    case TypeCode.string: {
      const start = at + 4;
      at = start + bytes.readInt32BE(at);
      return hashBytes(bytes, start, at);
    }
    case TypeCode.double:
      at += 8;
      return bytes.readDoubleBE(at - 8) === 0 ? seed : hashBytes(bytes, at - 8, at);
    default:
      at += fixedSize[code]!;
      return hashBytes(bytes, at - fixedSize[code]!, at);
  }
}

function hashBytes(bytes: Buffer, start: number, end: number): number {
  let value = seed;
  for (let p = start; p < end; p++) value = Math.imul(value ^ bytes[p]!, 0x01000193);
  return mix(value, end - start);
}

function mix(value: number, other: number): number {
  const mixed = Math.imul(value ^ (other + 0x9e3779b9), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

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
