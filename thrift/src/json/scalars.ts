import { output } from "../wire/binary-writer.ts";
import { Ascii, hexValues } from "./ascii.ts";
import { input } from "./input.ts";
import { startsNumber, writeEnumNumber, writeQuotedI32 } from "./integers.ts";
import { fail, failType } from "./mismatch.ts";
import type { NameTable } from "./name-table.ts";
import { nearestName } from "./nearest-name.ts";
import { skipFalse, skipNumber, skipTrue, skipValue } from "./skip.ts";
import { copyString } from "./strings.ts";

export function writeBool(p: number, o: number): number {
  const char = input.bytes[p];
  if (char === Ascii.t) {
    output.bytes[o] = 1;
    return skipTrue(p);
  }
  if (char !== Ascii.f) failType(p, "true or false");
  output.bytes[o] = 0;
  return skipFalse(p);
}

/** A key of a map. */
export function writeQuotedBool(p: number, o: number): number {
  const end = copyString(p, o);
  const text = output.bytes.toString("latin1", o + 4, Math.min(output.end, o + 4 + 6));
  if (text !== "true" && text !== "false") failType(p, '"true" or "false"');
  output.bytes[o] = text === "true" ? 1 : 0;
  return end;
}

/** The members of an enum by name; `values` stand in the order of `names`. */
export interface EnumTable {
  readonly name: string;
  readonly names: NameTable;
  readonly values: readonly number[];
}

export function writeEnum(p: number, o: number, table: EnumTable): number {
  if (input.bytes[p] !== Ascii.quote) return writeEnumNumber(p, o);
  const end = copyString(p, o);
  const member = findMember(o, table);
  if (member < 0) failEnum(p, o, table);
  output.view.setInt32(o, table.values[member]!);
  return end;
}

/** A key of a map, or a member's number in a string where a service is lenient. */
export function writeQuotedEnum(p: number, o: number, table: EnumTable): number {
  if (input.bytes[p] !== Ascii.quote) return writeEnumNumber(p, o);
  copyString(p, o);
  const digit = output.bytes[output.end - 1]! - Ascii.zero; // of "-1" and "5", not of a name that is unknown
  return findMember(o, table) < 0 && digit >>> 0 < 10 ? writeQuotedI32(p, o) : writeEnum(p, o, table);
}

/** The index of the member whose name was copied to `o`, or −1. */
function findMember(o: number, table: EnumTable): number {
  return table.names.find(output.view, o + 4, output.end - o - 4);
}

function failEnum(p: number, o: number, { name, names }: EnumTable): never {
  const given = output.bytes.toString("utf8", o + 4, Math.min(output.end, o + 4 + 128));
  const near = nearestName(given, names.names);
  return fail(p, "INVALID_ENUM", `the enum ${name} has no such member${near === undefined ? "" : `; did you mean "${near}"?`}`);
}

/** The value of a base64 digit by its byte, of either alphabet; 64 and more: it is none. */
const base64Values = new Uint8Array(256).fill(64);
for (const alphabet of ["+/", "-_"]) {
  const digits = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${alphabet}`;
  for (let value = 0; value < 64; value++) base64Values[digits.charCodeAt(value)] = value;
}

/** Base64 text → bytes, decoded where the text was copied to: they are fewer. */
export function writeBinary(p: number, o: number): number {
  const next = copyString(p, o);
  const { bytes } = output;
  const from = o + 4;
  let to = output.end;
  if (bytes[to - 1] === Ascii.equals && to > from && (to - from) % 4 === 0) to -= bytes[to - 2] === Ascii.equals ? 2 : 1;
  const rest = (to - from) % 4;
  if (rest === 1) failBase64(p);
  let q = from;
  let r = from;
  let wrong = 0;
  for (const whole = to - rest; r < whole; r += 4) {
    const a = base64Values[bytes[r]!]!;
    const b = base64Values[bytes[r + 1]!]!;
    const c = base64Values[bytes[r + 2]!]!;
    const d = base64Values[bytes[r + 3]!]!;
    wrong |= a | b | c | d;
    bytes[q++] = (a << 2) | (b >> 4);
    bytes[q++] = (b << 4) | (c >> 2);
    bytes[q++] = (c << 6) | d;
  }
  if (rest !== 0) {
    const a = base64Values[bytes[r]!]!;
    const b = base64Values[bytes[r + 1]!]!;
    const c = rest === 3 ? base64Values[bytes[r + 2]!]! : 0;
    wrong |= a | b | c | (rest === 3 ? (c & 0x03) << 6 : (b & 0x0f) << 6);
    bytes[q++] = (a << 2) | (b >> 4);
    if (rest === 3) bytes[q++] = (b << 4) | (c >> 2);
  }
  if (wrong > 63) failBase64(p);
  output.view.setInt32(o, q - from);
  output.end = q;
  return next;
}

function failBase64(p: number): never {
  return failType(p, "base64 text", "a string that is none");
}

/** Where the hex digits of each byte of a UUID stand in its text. */
const uuidDigits = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

/** Canonical text (8-4-4-4-12 hex digits) → 16 bytes, written where the text was copied to. */
export function writeUuid(p: number, o: number): number {
  const next = copyString(p, o);
  const { bytes } = output;
  const from = o + 4;
  let wrong = output.end - from === 36 ? 0 : 256;
  for (const dash of [8, 13, 18, 23]) if (bytes[from + dash] !== Ascii.minus) wrong = 256;
  for (let i = 0; i < 16; i++) {
    const at = from + uuidDigits[i]!;
    const high = hexValues[bytes[at]!]!;
    const low = hexValues[bytes[at + 1]!]!;
    wrong |= (high | low) & 0xf0;
    bytes[o + i] = (high << 4) | low;
  }
  if (wrong !== 0) failType(p, "a UUID (8-4-4-4-12 hex digits)", "a string that is none");
  return next;
}

/** Where a service is lenient: a string, or the JSON text of any other value. */
export function writeAnyAsString(p: number, o: number, depth: number): number {
  if (input.bytes[p] === Ascii.quote) return copyString(p, o);
  if (input.bytes[p] === Ascii.n) failType(p, "a string");
  const end = startsNumber(p) ? skipNumber(p) : skipValue(p, depth);
  output.bytes.set(input.bytes.subarray(p, end), o + 4);
  output.view.setInt32(o, end - p);
  output.end = o + 4 + (end - p);
  return end;
}
