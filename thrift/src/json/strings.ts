import { output } from "../wire/binary-writer.ts";
import { Ascii, escapeValues, hexValues } from "./ascii.ts";
import { input } from "./input.ts";
import { fail, failSyntax, failType } from "./mismatch.ts";
import { utf8Length } from "./utf8.ts";

/**
 * Bit 7 of each byte of four that a string cannot hold as it is: a quote, a backslash, a control character, a byte over
 * 0x7f. The lowest such bit is exact; those above it may be false.
 */
export function specialBytes(word: number): number {
  return ((word - 0x20202020) | ((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101) | word) & 0x80808080;
}

/** How many bytes stand before the first special one. */
export function plainBytes(special: number): number {
  return (31 - Math.clz32(special & -special)) >> 3;
}

/** Copies the JSON string that begins at `p` to `o`, as a Thrift string: its length, then UTF-8. It ends at `output.end`. */
export function copyString(p: number, o: number): number {
  if (input.bytes[p] !== Ascii.quote) failType(p, "a string");
  const from = input.view;
  const to = output.view;
  let q = o + 4;
  p++;
  for (;;) {
    const word = from.getInt32(p, true);
    to.setInt32(q, word, true);
    const special = specialBytes(word);
    if (special !== 0) {
      const plain = plainBytes(special);
      p += plain;
      q += plain;
      break;
    }
    p += 4;
    q += 4;
  }
  if (input.bytes[p] !== Ascii.quote) {
    p = copyRest(p, q);
    q = output.end;
  }
  to.setInt32(o, q - o - 4);
  output.end = q;
  return p + 1;
}

/** Goes on at a special byte, up to the closing quote. */
function copyRest(p: number, q: number): number {
  const from = input.view;
  const to = output.view;
  for (;;) {
    const char = input.bytes[p]!;
    if (char === Ascii.quote) break;
    if (char > 0x7f) {
      const length = utf8Length(from, p);
      if (length === 0) failUtf8(p);
      to.setInt32(q, from.getInt32(p));
      p += length;
      q += length;
      if (input.bytes[p]! > 0x7f) continue;
    } else if (char === Ascii.backslash) {
      const escaped = escapeValues[input.bytes[p + 1]!]!;
      if (escaped !== 0) {
        to.setInt8(q++, escaped);
        p += 2;
      } else {
        const code = unicodeEscape(p);
        q = writeUtf8(code, q);
        p += code > 0xffff ? 12 : 6;
      }
    } else failSyntax(p);
    for (;;) {
      const word = from.getInt32(p, true);
      to.setInt32(q, word, true);
      const special = specialBytes(word);
      if (special !== 0) {
        const plain = plainBytes(special);
        p += plain;
        q += plain;
        break;
      }
      p += 4;
      q += 4;
    }
  }
  output.end = q;
  return p;
}

/** Checks the JSON string whose opening quote stands at `p`. */
export function skipString(p: number): number {
  const from = input.view;
  p++;
  for (;;) {
    const special = specialBytes(from.getInt32(p, true));
    if (special === 0) {
      p += 4;
      continue;
    }
    p += plainBytes(special);
    const char = input.bytes[p]!;
    if (char === Ascii.quote) return p + 1;
    if (char > 0x7f) {
      const length = utf8Length(from, p);
      if (length === 0) failUtf8(p);
      p += length;
    } else if (char === Ascii.backslash) {
      if (escapeValues[input.bytes[p + 1]!] !== 0) p += 2;
      else p += unicodeEscape(p) > 0xffff ? 12 : 6;
    } else failSyntax(p);
  }
}

/** The code point of `\uXXXX` at `p`, or of the pair of surrogates there. */
function unicodeEscape(p: number): number {
  const unit = codeUnit(p);
  if (unit < 0xd800 || unit > 0xdfff) return unit;
  const second = unit < 0xdc00 && input.bytes[p + 6] === Ascii.backslash ? codeUnit(p + 6) : 0;
  if (second < 0xdc00 || second > 0xdfff) failUtf8(p);
  return 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
}

function codeUnit(p: number): number {
  const { bytes } = input;
  if (bytes[p + 1] !== Ascii.u) failSyntax(p);
  const a = hexValues[bytes[p + 2]!]!;
  const b = hexValues[bytes[p + 3]!]!;
  const c = hexValues[bytes[p + 4]!]!;
  const d = hexValues[bytes[p + 5]!]!;
  if ((a | b | c | d) > 15) failSyntax(p);
  return (a << 12) | (b << 8) | (c << 4) | d;
}

function writeUtf8(code: number, q: number): number {
  const { bytes } = output;
  if (code < 0x80) {
    bytes[q++] = code;
    return q;
  }
  if (code < 0x800) bytes[q++] = 0xc0 | (code >> 6);
  else {
    if (code < 0x10000) bytes[q++] = 0xe0 | (code >> 12);
    else {
      bytes[q++] = 0xf0 | (code >> 18);
      bytes[q++] = 0x80 | ((code >> 12) & 0x3f);
    }
    bytes[q++] = 0x80 | ((code >> 6) & 0x3f);
  }
  bytes[q++] = 0x80 | (code & 0x3f);
  return q;
}

function failUtf8(p: number): never {
  return fail(p, "INVALID_UTF8", "the text is not valid UTF-8, or has a lone surrogate");
}
