import { Ascii } from "./ascii.ts";

/** A member of the object that a JSON text is. */
export interface Member {
  readonly key: string;
  /** Where its key begins, its value begins, and its value ends. */
  readonly start: number;
  readonly value: number;
  readonly end: number;
}

/** The members of the object in `json`, which is known to be JSON; `undefined`: it holds no object. */
export function membersOf(json: Uint8Array): Member[] | undefined {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.length);
  const members: Member[] = [];
  let p = skipSpace(bytes, 0);
  if (bytes[p] !== Ascii.braceOpen) return undefined;
  p = skipSpace(bytes, p + 1);
  while (bytes[p] !== Ascii.braceClose) {
    const start = p;
    p = skipString(bytes, p);
    const key = JSON.parse(bytes.toString("utf8", start, p)) as string;
    const value = skipSpace(bytes, skipSpace(bytes, p) + 1);
    const end = skipValue(bytes, value);
    members.push({ key, start, value, end });
    p = skipSpace(bytes, end);
    if (bytes[p] === Ascii.comma) p = skipSpace(bytes, p + 1);
  }
  return members;
}

function skipValue(bytes: Buffer, start: number): number {
  let p = start;
  for (let depth = 0; ; ) {
    const byte = bytes[p];
    if (byte === Ascii.quote) p = skipString(bytes, p);
    else if (byte === Ascii.braceOpen || byte === Ascii.bracketOpen) {
      depth++;
      p++;
    } else if (byte === Ascii.braceClose || byte === Ascii.bracketClose) {
      depth--;
      p++;
    } else if (depth > 0) p++;
    else while (!endsScalar(bytes[p])) p++;
    if (depth === 0) return p;
  }
}

function endsScalar(byte: number | undefined): boolean {
  return byte === undefined || byte <= 0x20 || byte === Ascii.comma || byte === Ascii.braceClose || byte === Ascii.bracketClose;
}

/** Behind the string whose quote stands at `start`. */
function skipString(bytes: Buffer, start: number): number {
  let p = start + 1;
  for (; bytes[p] !== Ascii.quote; p++) if (bytes[p] === Ascii.backslash) p++;
  return p + 1;
}

function skipSpace(bytes: Buffer, start: number): number {
  let p = start;
  while (p < bytes.length && bytes[p]! <= 0x20) p++;
  return p;
}
