import { ReplyFault, truncated } from "./reply-fault.ts";
import { readInt32, skip } from "./skip.ts";
import { TypeCode } from "./type-code.ts";

/** TMessageType. */
export const MessageType = { call: 1, reply: 2, exception: 3, oneway: 4 } as const;

/** The header of a message in the binary protocol, strict or old, and where its body starts. */
export interface MessageHeader {
  readonly type: number;
  readonly name: string;
  readonly seqid: number;
  readonly bodyOffset: number;
}

export const maxNameBytes = 256;

/**
 * Reads the header at `offset`.
 * @throws {ReplyFault} truncated, unknown version or type, a name over 256 bytes
 */
export function readMessageHeader(bytes: Uint8Array, offset: number, end: number): MessageHeader {
  const size = messageHeaderSize(bytes, offset, end);
  const strict = isStrict(bytes[offset]!);
  const nameOffset = offset + (strict ? 8 : 4);
  const nameEnd = offset + size - (strict ? 4 : 5);
  if (offset + size > end) throw truncated();
  const type = bytes[strict ? offset + 3 : nameEnd]!;
  if (type < MessageType.call || type > MessageType.oneway) throw new ReplyFault("MALFORMED", "an unknown message type");
  return {
    type,
    name: readName(bytes, nameOffset, nameEnd),
    seqid: readInt32(bytes, offset + size - 4),
    bodyOffset: offset + size,
  };
}

/**
 * How many bytes the header at `offset` takes; more than there are, when that much cannot be told yet.
 * @throws {ReplyFault} no header begins so
 */
export function messageHeaderSize(bytes: Uint8Array, offset: number, end: number): number {
  if (end - offset < 4) return 12;
  const first = readInt32(bytes, offset);
  if (!isStrict(bytes[offset]!)) {
    // Unversioned, it begins with the name's length: 0x48545450 is the start of an HTTP answer, 0 of a stream of nothing.
    if (first <= 0 || first > maxNameBytes) throw new ReplyFault("MALFORMED", "this is no message of the binary protocol");
    // Of a strict message in a frame, the frame's length was taken for the name's. Told here, since that many bytes never come.
    if (end - offset > 4 && isStrict(bytes[offset + 4]!) && (bytes[offset + 4]! & 0x40) === 0) {
      throw new ReplyFault("MALFORMED", "a frame where none was expected");
    }
    return 9 + first;
  }
  if (first >>> 16 !== 0x8001) throw new ReplyFault("MALFORMED", "an unknown version of the binary protocol");
  if (end - offset < 8) return 12;
  const length = readInt32(bytes, offset + 4);
  if (length < 0 || length > maxNameBytes) throw new ReplyFault("MALFORMED", "a method name of impossible length");
  return 12 + length;
}

function isStrict(firstByte: number): boolean {
  return firstByte >= 0x80;
}

/** Names seen lately, by a hash of their bytes: a reply's name is nearly always one of few, and making a string is slow. */
const recentNames: string[] = Array.from({ length: 256 }, () => "");
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readName(bytes: Uint8Array, start: number, end: number): string {
  let hash = 0;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  const slot = (hash ^ (hash >>> 8)) & 255;
  const recent = recentNames[slot]!;
  if (isName(recent, bytes, start, end)) return recent;
  const name = decodeName(bytes.subarray(start, end));
  recentNames[slot] = name;
  return name;
}

function isName(name: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i]!;
    // A byte beyond ASCII is never a character by itself.
    if (byte >= 0x80 || name.charCodeAt(i) !== byte) return false;
  }
  return true;
}

function decodeName(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new ReplyFault("MALFORMED", "a method name is not UTF-8");
  }
}

/** A TApplicationException: type 0 when absent, "" when it has no message; the message is for logs alone. */
export interface ApplicationException {
  readonly type: number;
  readonly message: string;
}

/** A message is for the log, which wants no megabytes. */
const maxExceptionMessageBytes = 4096;
/** Nothing known is nested; unknown fields may be, somewhat. */
const maxExceptionDepth = 64;
const logDecoder = new TextDecoder();

/** @throws {ReplyFault} */
export function readApplicationException(bytes: Uint8Array, offset: number, end: number): ApplicationException {
  let type = 0;
  let message = "";
  if (offset >= end) throw truncated();
  let at = offset;
  for (let code = bytes[at]!; code !== TypeCode.stop; code = bytes[at]!) {
    if (end - at < 5) throw truncated();
    const id = (bytes[at + 1]! << 8) | bytes[at + 2]!;
    const valueStart = at + 3;
    at = skip(bytes, valueStart, end, code, maxExceptionDepth);
    if (id === 1 && code === TypeCode.string) {
      message = logDecoder.decode(bytes.subarray(valueStart + 4, Math.min(at, valueStart + 4 + maxExceptionMessageBytes)));
    } else if (id === 2 && code === TypeCode.i32) {
      type = readInt32(bytes, valueStart);
    }
  }
  if (at + 1 !== end) throw new ReplyFault("MALFORMED", "bytes follow the exception");
  return { type, message };
}
