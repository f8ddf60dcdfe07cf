import { ReplyFault } from "../wire/reply-fault.ts";

/** One buffer, as bytes and for stores of four bytes at a time. */
interface Buffer {
  readonly memory: ArrayBuffer;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

function allocate(size: number): Buffer {
  const memory = new ArrayBuffer(size);
  return { memory, bytes: new Uint8Array(memory), view: new DataView(memory) };
}

/** Kept for ever; a reply that outgrows it gets buffers of its own. */
const scratch = allocate(262_144);

/** Free bytes beyond what was asked for, so that a writer may close a value or two without asking again. */
const slack = 8;

/**
 * Where generated code writes JSON. One for the thread: decoding is synchronous and never nested. Generated functions keep
 * `bytes`, `view` and `at` in locals; they hand `at` over, and take all three anew, when they call one another.
 */
export const output = { ...scratch, at: 0, maxBytes: 0 };

export function beginOutput(maxBytes: number): void {
  output.at = 0;
  output.maxBytes = maxBytes;
}

/**
 * What was written; valid until the next decode.
 * @throws {ReplyFault} it is over the bound
 */
export function writtenOutput(): Uint8Array {
  if (output.at > output.maxBytes) throw replyTooLarge();
  return new Uint8Array(output.memory, 0, output.at);
}

/** Lets go of a buffer that grew: an idle gateway shall not hold its largest reply. */
export function endOutput(): void {
  if (output.memory !== scratch.memory) Object.assign(output, scratch);
}

export function replyTooLarge(): ReplyFault {
  return new ReplyFault("TOO_LARGE", "the reply as JSON is over its bound");
}

/**
 * The output buffer, with its first `at` bytes kept and at least `room` free behind them.
 * @throws {ReplyFault} what was written is over the bound
 */
export function grow(at: number, room: number): Uint8Array {
  if (at > output.maxBytes) throw replyTooLarge();
  const doubled = Math.min(output.bytes.length * 2, output.maxBytes + scratch.bytes.length);
  const larger = allocate(Math.max(doubled, at + room + slack));
  larger.bytes.set(output.bytes.subarray(0, at));
  Object.assign(output, larger);
  return larger.bytes;
}

/** Writes JSON text that was rendered before. */
export function putRendered(json: Uint8Array, start: number): number {
  let out = output.bytes;
  if (out.length - start < json.length + slack) out = grow(start, json.length);
  if (json.length > 64) {
    out.set(json, start);
  } else {
    for (let i = 0; i < json.length; i++) out[start + i] = json[i]!;
  }
  return start + json.length;
}

const base64Alphabet = asciiBytes("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

/** Writes `length` bytes from `start` as a base64 string. */
export function putBase64(bytes: Uint8Array, start: number, length: number, outStart: number): number {
  let out = output.bytes;
  let w = outStart;
  const room = Math.ceil(length / 3) * 4 + 2 + slack;
  if (out.length - w < room) out = grow(w, room);
  out[w++] = 0x22;
  const tail = start + length;
  let at = start;
  for (; tail - at >= 3; at += 3) {
    const triple = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    out[w] = base64Alphabet[triple >> 18]!;
    out[w + 1] = base64Alphabet[(triple >> 12) & 63]!;
    out[w + 2] = base64Alphabet[(triple >> 6) & 63]!;
    out[w + 3] = base64Alphabet[triple & 63]!;
    w += 4;
  }
  if (at < tail) {
    const rest = (bytes[at]! << 16) | (tail - at === 2 ? bytes[at + 1]! << 8 : 0);
    out[w] = base64Alphabet[rest >> 18]!;
    out[w + 1] = base64Alphabet[(rest >> 12) & 63]!;
    out[w + 2] = tail - at === 2 ? base64Alphabet[(rest >> 6) & 63]! : 0x3d;
    out[w + 3] = 0x3d;
    w += 4;
  }
  out[w] = 0x22;
  return w + 1;
}

const hexDigits = asciiBytes("0123456789abcdef");

/** Writes 16 bytes as a canonical UUID in quotes: 38 bytes, of which the caller has made sure. */
export function putUuid(out: Uint8Array, outStart: number, bytes: Uint8Array, start: number): number {
  let w = outStart;
  out[w++] = 0x22;
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) out[w++] = 0x2d;
    const byte = bytes[start + i]!;
    out[w] = hexDigits[byte >> 4]!;
    out[w + 1] = hexDigits[byte & 15]!;
    w += 2;
  }
  out[w] = 0x22;
  return w + 1;
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
