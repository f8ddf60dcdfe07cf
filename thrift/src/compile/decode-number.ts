/**
 * Numbers as JSON text. The callers have made sure of the room: 11 bytes for 32 bits, 20 for 64, 26 for a double.
 */

const billion = 1_000_000_000;

/** −2³¹ … 2³²−1. */
export function putInt(out: Uint8Array, start: number, value: number): number {
  if (value >= 0) return putDigits(out, start, value);
  out[start] = 0x2d;
  return putDigits(out, start + 1, -value);
}

/** 64 bits, two's complement, as two int32 halves. */
export function putInt64(out: Uint8Array, start: number, highHalf: number, lowHalf: number): number {
  let w = start;
  let high = highHalf >>> 0;
  let low = lowHalf >>> 0;
  if (highHalf < 0) {
    out[w++] = 0x2d;
    low = -lowHalf >>> 0;
    high = (low === 0 ? -highHalf : ~highHalf) >>> 0;
  }
  if (high === 0) return putDigits(out, w, low);
  if (high < 0x20_0000) return putWhole(out, w, high * 0x1_0000_0000 + low);
  // Long division by 10⁹ in base 2¹⁶: each partial dividend stays below 2⁵³, so that every step is exact.
  const upper = Math.floor(high / billion);
  const middleDividend = (high - upper * billion) * 0x1_0000 + (low >>> 16);
  const middle = Math.floor(middleDividend / billion);
  const lowerDividend = (middleDividend - middle * billion) * 0x1_0000 + (low & 0xffff);
  const lower = Math.floor(lowerDividend / billion);
  const quotient = upper * 0x1_0000_0000 + middle * 0x1_0000 + lower;
  return putNineDigits(out, putWhole(out, w, quotient), lowerDividend - lower * billion);
}

/** A double, as two int32 halves. NaN and the infinities, which JSON cannot say as numbers, are strings. */
export function putDouble(out: Uint8Array, start: number, high: number, low: number): number {
  if ((high & 0x7ff00000) !== 0x7ff00000) return putDoubleKey(out, start, high, low);
  out[start] = 0x22;
  const w = putDoubleKey(out, start + 1, high, low);
  out[w] = 0x22;
  return w + 1;
}

const eightBytes = new DataView(new ArrayBuffer(8));

/** As {@link putDouble}, for a place that is in quotes already. */
export function putDoubleKey(out: Uint8Array, start: number, high: number, low: number): number {
  eightBytes.setInt32(0, high & 0x7fffffff);
  eightBytes.setInt32(4, low);
  const magnitude = eightBytes.getFloat64(0);
  let w = start;
  if (high < 0 && !Number.isNaN(magnitude)) out[w++] = 0x2d;
  // Integers stay integers between the functions below: a double would be boxed on its way.
  const whole = magnitude | 0;
  if (whole === magnitude) return putDigits(out, w, whole);
  if (magnitude < billion && magnitude >= 1e-6) {
    // A decimal of at most 15 digits that reads back as the value is the only one so short, and so the shortest.
    const millionths = Math.floor(magnitude * 1e6 + 0.5);
    if (millionths / 1e6 === magnitude) return putFraction(out, putDigits(out, w, whole), (millionths - whole * 1e6) | 0);
  }
  return putAscii(out, w, String(magnitude));
}

/** A point and six digits without the zeros at their end. */
function putFraction(out: Uint8Array, start: number, millionths: number): number {
  out[start] = 0x2e;
  const upperFour = (millionths / 100) | 0;
  const first = (upperFour / 100) | 0;
  putPair(out, start + 1, first);
  putPair(out, start + 3, upperFour - first * 100);
  putPair(out, start + 5, millionths - upperFour * 100);
  let w = start + 7;
  while (out[w - 1] === 0x30) w--;
  return w;
}

/** 0 … 2⁵³−1. */
function putWhole(out: Uint8Array, start: number, value: number): number {
  if (value < billion) return putDigits(out, start, value);
  // Exact: the quotient is below 2²⁴ and its distance from the next integer at least 10⁻⁹.
  const upper = Math.floor(value / billion);
  return putNineDigits(out, putDigits(out, start, upper), value - upper * billion);
}

/** 0 … 2³²−1. */
function putDigits(out: Uint8Array, start: number, value: number): number {
  let rest = value >>> 0;
  if (rest < 10) {
    out[start] = 0x30 + rest;
    return start + 1;
  }
  const end = start + countDigits(rest);
  let at = end;
  while (rest >= 100) {
    const quotient = (rest / 100) >>> 0;
    at -= 2;
    putPair(out, at, rest - quotient * 100);
    rest = quotient;
  }
  if (rest < 10) out[start] = 0x30 + rest;
  else putPair(out, start, rest);
  return end;
}

/** By pair of digits, the two of them: a division for every two digits instead of one for each. */
const pairs = Uint8Array.from({ length: 200 }, (_, i) => 0x30 + (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10));

function putPair(out: Uint8Array, at: number, value: number): void {
  out[at] = pairs[value << 1]!;
  out[at + 1] = pairs[(value << 1) + 1]!;
}

function countDigits(value: number): number {
  if (value < 100_000) {
    if (value < 100) return value < 10 ? 1 : 2;
    return value < 1_000 ? 3 : value < 10_000 ? 4 : 5;
  }
  if (value < 10_000_000) return value < 1_000_000 ? 6 : 7;
  return value < 100_000_000 ? 8 : value < billion ? 9 : 10;
}

function putNineDigits(out: Uint8Array, start: number, value: number): number {
  let rest = value | 0;
  for (let at = start + 7; at > start; at -= 2) {
    const quotient = (rest / 100) | 0;
    putPair(out, at, rest - quotient * 100);
    rest = quotient;
  }
  out[start] = 0x30 + rest;
  return start + 9;
}

function putAscii(out: Uint8Array, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[start + i] = text.charCodeAt(i);
  return start + text.length;
}
