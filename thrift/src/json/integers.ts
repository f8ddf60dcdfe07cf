import { output } from "../wire/binary-writer.ts";
import { Ascii } from "./ascii.ts";
import { exactInteger } from "./exact-integer.ts";
import { input } from "./input.ts";
import { fail, failSyntax, failType } from "./mismatch.ts";
import { skipNumber } from "./skip.ts";
import { copyString } from "./strings.ts";

/** An integer type: its range, and how it is called in messages. */
interface IntegerType {
  readonly min: bigint;
  readonly max: bigint;
  readonly low: number;
  readonly high: number;
  readonly expected: string;
}

function integerType(name: string, bits: bigint): IntegerType {
  const max = (1n << (bits - 1n)) - 1n;
  const min = -max - 1n;
  return { min, max, low: Number(min), high: Number(max), expected: `${name} (\u2212${max + 1n} \u2026 ${max})` };
}

const I8 = integerType("an i8", 8n);
const I16 = integerType("an i16", 16n);
const I32 = integerType("an i32", 32n);
const I64 = integerType("an i64", 64n);
const ENUM = integerType("an enum's member or number", 32n);

export function writeI8(p: number, o: number): number {
  p = scanInteger(p, I8);
  output.view.setInt8(o, input.integer);
  return p;
}

export function writeI16(p: number, o: number): number {
  p = scanInteger(p, I16);
  output.view.setInt16(o, input.integer);
  return p;
}

export function writeI32(p: number, o: number): number {
  p = scanInteger(p, I32);
  output.view.setInt32(o, input.integer);
  return p;
}

export function writeEnumNumber(p: number, o: number): number {
  p = scanInteger(p, ENUM);
  output.view.setInt32(o, input.integer);
  return p;
}

/** A number, or a string of decimal digits. */
export function writeI64(p: number, o: number): number {
  const { bytes } = input;
  const quoted = bytes[p] === Ascii.quote ? 1 : 0;
  const start = p + quoted;
  let q = start;
  const negative = bytes[q] === Ascii.minus;
  if (negative) q++;
  const digits = q;
  let value = 0;
  for (let digit = bytes[q]! - Ascii.zero; digit >>> 0 < 10; digit = bytes[++q]! - Ascii.zero) value = value * 10 + digit;
  const count = q - digits;
  const stop = bytes[q]!;
  const whole = quoted === 1 ? stop === Ascii.quote : stop !== Ascii.dot && (stop | 0x20) !== Ascii.e;
  if (!whole || count === 0) return quoted === 1 ? writeI64Text(p, o) : writeI64Slowly(p, o);
  if (count > 1 && bytes[digits] === Ascii.zero && quoted === 0) failSyntax(p);
  if (count <= 15) {
    if (negative) value = -value;
    output.view.setInt32(o, Math.floor(value / 0x1_0000_0000));
    output.view.setInt32(o + 4, value | 0);
  } else if (count <= 19) writeLongDigits(p, digits, q, negative, o);
  else return quoted === 1 ? writeI64Text(p, o) : writeI64Slowly(p, o);
  return q + quoted;
}

/** 16 to 19 digits are more than a double holds: `head` × 10⁹ + `tail`, in halves of 32 bits. */
function writeLongDigits(p: number, from: number, to: number, negative: boolean, o: number): void {
  const { bytes } = input;
  let head = 0;
  let tail = 0;
  let q = from;
  while (q < to - 9) head = head * 10 + (bytes[q++]! - Ascii.zero);
  while (q < to) tail = Math.imul(tail, 10) + (bytes[q++]! - Ascii.zero);
  const upper = Math.floor(head / 65_536) * 1e9;
  const lower = (head % 65_536) * 1e9 + tail;
  const low = (upper % 65_536) * 65_536 + (lower % 0x1_0000_0000);
  let high = Math.floor(upper / 65_536) + Math.floor(lower / 0x1_0000_0000) + Math.floor(low / 0x1_0000_0000);
  let word = low | 0;
  if (negative) {
    word = -word | 0;
    high = word === 0 ? -high : -high - 1;
  }
  if (high > 0x7fff_ffff || high < -0x8000_0000) failRange(p, I64);
  output.view.setInt32(o, high);
  output.view.setInt32(o + 4, word);
}

function writeI64Slowly(p: number, o: number): number {
  if (!startsNumber(p)) failType(p, I64.expected);
  const end = skipNumber(p);
  output.view.setBigInt64(o, integerOf(p, tokenText(p, end, I64.expected), I64));
  return end;
}

/** A string that is not just a few digits: escaped, with many zeros in front, or wrong. */
function writeI64Text(p: number, o: number): number {
  const end = copyString(p, o);
  const text = output.bytes.toString("latin1", o + 4, output.end);
  if (!/^-?[0-9]+$/.test(text)) failType(p, I64.expected, "a string that is not decimal digits");
  output.view.setBigInt64(o, integerOf(p, text, I64));
  return end;
}

/** Keys of maps, and numbers in strings where a service is lenient: the text of a JSON number. */
export function writeQuotedI8(p: number, o: number): number {
  const end = scanQuoted(p, o, I8);
  output.view.setInt8(o, input.integer);
  return end;
}

export function writeQuotedI16(p: number, o: number): number {
  const end = scanQuoted(p, o, I16);
  output.view.setInt16(o, input.integer);
  return end;
}

export function writeQuotedI32(p: number, o: number): number {
  const end = scanQuoted(p, o, I32);
  output.view.setInt32(o, input.integer);
  return end;
}

export function writeQuotedI64(p: number, o: number): number {
  const end = copyString(p, o);
  output.view.setBigInt64(o, integerOf(p, quotedText(o), I64));
  return end;
}

/** The string that was copied to `o`; empty, so that it is no number, where it has a zero in front. */
function quotedText(o: number): string {
  const text = output.bytes.toString("latin1", o + 4, output.end);
  return /^-?0[0-9]/.test(text) ? "" : text;
}

function scanQuoted(p: number, o: number, type: IntegerType): number {
  const { bytes } = input;
  let q = p + 1;
  let value = 0;
  for (let digit = bytes[q]! - Ascii.zero; digit >>> 0 < 10 && q < p + 10; digit = bytes[++q]! - Ascii.zero) {
    value = Math.imul(value, 10) + digit;
  }
  const zero = q > p + 2 && bytes[p + 1] === Ascii.zero;
  if (q > p + 1 && !zero && bytes[q] === Ascii.quote && value <= type.high) {
    input.integer = value;
    return q + 1;
  }
  const end = copyString(p, o);
  input.integer = Number(integerOf(p, quotedText(o), type));
  return end;
}

function scanInteger(p: number, type: IntegerType): number {
  const { bytes } = input;
  const negative = bytes[p] === Ascii.minus;
  const digits = negative ? p + 1 : p;
  let q = digits;
  let value = 0;
  let digit = bytes[q]! - Ascii.zero;
  for (; digit >>> 0 < 10 && q < digits + 9; digit = bytes[++q]! - Ascii.zero) value = Math.imul(value, 10) + digit;
  if (digit >>> 0 < 10 || digit === Ascii.dot - Ascii.zero || ((digit + Ascii.zero) | 0x20) === Ascii.e || q === digits) {
    return scanSlowly(p, type);
  }
  if (q > digits + 1 && bytes[digits] === Ascii.zero) failSyntax(p);
  if (negative) value = -value;
  if (value > type.high || value < type.low) failRange(p, type);
  input.integer = value;
  return q;
}

function scanSlowly(p: number, type: IntegerType): number {
  if (!startsNumber(p)) failType(p, type.expected);
  const end = skipNumber(p);
  input.integer = Number(integerOf(p, tokenText(p, end, type.expected), type));
  return end;
}

function integerOf(p: number, text: string, type: IntegerType): bigint {
  const value = exactInteger(text);
  if (value === "text") failType(p, type.expected, "a string that is no number");
  if (value === "fraction") failType(p, type.expected, "a fraction");
  if (value === "huge" || value < type.min || value > type.max) failRange(p, type);
  return value;
}

function failRange(p: number, type: IntegerType): never {
  return fail(p, "OUT_OF_RANGE", type.expected);
}

export function startsNumber(p: number): boolean {
  const char = input.bytes[p]!;
  return char === Ascii.minus || (char - Ascii.zero) >>> 0 < 10;
}

/** Nobody writes numbers of more characters; conversions of such take time that grows faster than their length. */
const MAX_NUMBER_LENGTH = 1_024;

export function tokenText(p: number, end: number, expected: string): string {
  if (end - p > MAX_NUMBER_LENGTH) failType(p, expected, `a number of more than ${MAX_NUMBER_LENGTH} characters`);
  return input.bytes.toString("latin1", p, end);
}
