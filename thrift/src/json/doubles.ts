import { output } from "../wire/binary-writer.ts";
import { Ascii } from "./ascii.ts";
import { input } from "./input.ts";
import { startsNumber, tokenText } from "./integers.ts";
import { fail, failSyntax, failType } from "./mismatch.ts";
import { skipNumber } from "./skip.ts";
import { copyString } from "./strings.ts";

const EXPECTED = 'a double, "NaN", "Infinity" or "-Infinity"';

/** Powers of ten that a double holds exactly: with at most 15 digits, one multiplication or division rounds once. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const EXACT_DIGITS = 15;

const specials: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

export function writeDouble(p: number, o: number): number {
  const { bytes } = input;
  const start = p;
  if (bytes[p] === Ascii.minus) p++;
  const digits = p;
  let value = 0;
  for (let digit = bytes[p]! - Ascii.zero; digit >>> 0 < 10; digit = bytes[++p]! - Ascii.zero) value = value * 10 + digit;
  let count = p - digits;
  if (count === 0) return writeSpecial(start, o);
  if (count > 1 && bytes[digits] === Ascii.zero) failSyntax(start);
  if (bytes[p] === Ascii.dot) {
    const fraction = ++p;
    for (let digit = bytes[p]! - Ascii.zero; digit >>> 0 < 10; digit = bytes[++p]! - Ascii.zero) value = value * 10 + digit;
    const places = p - fraction;
    if (places === 0) failSyntax(start);
    count += places;
    if (count <= EXACT_DIGITS) value /= powersOfTen[places]!;
  }
  if (count > EXACT_DIGITS || (bytes[p]! | 0x20) === Ascii.e) return writeSlowly(start, o);
  output.view.setFloat64(o, digits === start ? value : -value);
  return p;
}

function writeSlowly(p: number, o: number): number {
  const end = skipNumber(p);
  const value = Number(tokenText(p, end, EXPECTED));
  if (!Number.isFinite(value)) failRange(p);
  output.view.setFloat64(o, value);
  return end;
}

function writeSpecial(p: number, o: number): number {
  if (startsNumber(p)) failSyntax(p);
  if (input.bytes[p] !== Ascii.quote) failType(p, EXPECTED);
  const end = copyString(p, o);
  const value = specials.get(output.bytes.toString("latin1", o + 4, output.end));
  if (value === undefined) failType(p, EXPECTED);
  output.view.setFloat64(o, value);
  return end;
}

/** Keys of maps, and numbers in strings where a service is lenient. */
export function writeQuotedDouble(p: number, o: number): number {
  const end = copyString(p, o);
  const text = output.bytes.toString("latin1", o + 4, output.end);
  let value = specials.get(text);
  if (value === undefined) {
    if (text.length > 1_024 || !/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(text)) {
      failType(p, EXPECTED, "a string that is no number");
    }
    value = Number(text);
    if (!Number.isFinite(value)) failRange(p);
  }
  output.view.setFloat64(o, value);
  return end;
}

function failRange(p: number): never {
  return fail(p, "OUT_OF_RANGE", "a double (at most 1.8e308)");
}
