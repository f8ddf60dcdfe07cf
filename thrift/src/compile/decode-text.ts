import { ReplyFault } from "../wire/reply-fault.ts";
import { grow, output } from "./decode-output.ts";

/** By control character: the letter of its short escape, or 0. */
const shortEscape = new Uint8Array(0x20);
shortEscape[0x08] = 0x62;
shortEscape[0x09] = 0x74;
shortEscape[0x0a] = 0x6e;
shortEscape[0x0c] = 0x66;
shortEscape[0x0d] = 0x72;

/** The longest escape of one byte, and what closes a string. */
const escapeRoom = 6 + 8;

/**
 * Writes `length` bytes of UTF-8 from `start` as a JSON string.
 * @throws {ReplyFault} they are no UTF-8, or the output is over its bound
 */
export function putText(bytes: Uint8Array, start: number, length: number, outStart: number): number {
  let out = output.bytes;
  let w = outStart;
  const end = start + length;
  if (out.length - w < length + escapeRoom) out = grow(w, length + escapeRoom);
  let view = output.view;
  out[w++] = 0x22;
  let at = start;
  for (;;) {
    for (; end - at >= 4; at += 4, w += 4) {
      const four = fourBytes(bytes, at);
      if (!isPlain(four)) break;
      view.setInt32(w, four, true);
    }
    if (at === end) break;
    let byte = bytes[at]!;
    if (byte >= 0x80) {
      do {
        const next = endOfSequence(bytes, at, end);
        while (at < next) out[w++] = bytes[at++]!;
        byte = at < end ? bytes[at]! : 0;
      } while (byte >= 0x80);
    } else if (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c) {
      out[w++] = byte;
      at++;
    } else {
      if (out.length - w < end - at + escapeRoom) {
        out = grow(w, end - at + escapeRoom);
        view = output.view;
      }
      w = putEscape(out, w, byte);
      at++;
    }
  }
  out[w] = 0x22;
  return w + 1;
}

function fourBytes(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Whether none of four bytes is a control character, a quote, a backslash or beyond ASCII: the lowest that is sets its top bit. */
function isPlain(four: number): boolean {
  const quotes = (four ^ 0x22222222) - 0x01010101;
  const backslashes = (four ^ 0x5c5c5c5c) - 0x01010101;
  return ((four | (four - 0x20202020) | quotes | backslashes) & 0x80808080) === 0;
}

function putEscape(out: Uint8Array, w: number, byte: number): number {
  out[w] = 0x5c;
  if (byte >= 0x20) {
    out[w + 1] = byte;
    return w + 2;
  }
  const letter = shortEscape[byte]!;
  if (letter !== 0) {
    out[w + 1] = letter;
    return w + 2;
  }
  out[w + 1] = 0x75;
  out[w + 2] = 0x30;
  out[w + 3] = 0x30;
  out[w + 4] = 0x30 + (byte >> 4);
  out[w + 5] = (byte & 15) < 10 ? 0x30 + (byte & 15) : 0x57 + (byte & 15);
  return w + 6;
}

/** The well-formed sequences of the Unicode standard, table 3-7: nothing overlong, no surrogate, nothing above U+10FFFF. */
function endOfSequence(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || length > end - at) throw invalidUtf8();
  const second = bytes[at + 1]!;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) throw invalidUtf8();
  for (let i = 2; i < length; i++) {
    if ((bytes[at + i]! & 0xc0) !== 0x80) throw invalidUtf8();
  }
  return at + length;
}

function invalidUtf8(): ReplyFault {
  return new ReplyFault("MALFORMED", "a string is not UTF-8");
}
