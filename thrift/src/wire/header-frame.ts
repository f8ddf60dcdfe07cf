import { fromCompact } from "./compact-message-reader.ts";
import type { Protocol } from "./dialect.ts";
import type { MessageReaderOptions, OnMessage } from "./message-reader.ts";
import { badSize, ReplyFault } from "./reply-fault.ts";

/**
 * THeader (Apache) and TTHeader (CloudWeGo) put the same fixed part before a message, and write what follows it each in its own way:
 *
 *     length 4 | magic 2 | flags 2 | seqid 4 | words of four bytes 2 | protocol, transforms, infos, padding | message
 */
export interface HeaderLayout {
  readonly magic: number;
  /** Reads protocol, transforms and infos, which fill what is between. @throws {ReplyFault} */
  readInfo(bytes: Uint8Array, start: number, end: number): HeaderInfo;
}

export interface HeaderInfo {
  readonly protocol: number;
  readonly transforms: number;
  /** Key-values that are text; `undefined`: there are none. */
  readonly entries: ReadonlyMap<string, string> | undefined;
}

/** How both number protocols. */
export const protocolIds: Readonly<Record<Protocol, number>> = { binary: 0, compact: 2 };

const lengthBytes = 4;
const fixedBytes = 10;
const wordBytes = 4;

/** Takes frames of that layout and hands on their messages, in the binary protocol. */
export function fromHeaderFrame(layout: HeaderLayout, onMessage: OnMessage, options: MessageReaderOptions): OnMessage {
  const onCompact = fromCompact(onMessage, options);
  return (bytes, offset, end) => {
    if (end - offset < fixedBytes) throw badSize();
    if (uint16(bytes, offset) !== layout.magic)
      throw new ReplyFault("MALFORMED", "a frame without the header that was agreed on");
    const start = offset + fixedBytes;
    const messageStart = start + uint16(bytes, offset + 8) * wordBytes;
    if (messageStart > end) throw badSize();
    const { protocol, transforms, entries } = layout.readInfo(bytes, start, messageStart);
    if (transforms !== 0) throw new ReplyFault("MALFORMED", "the message is transformed");
    if (protocol === protocolIds.binary) onMessage(bytes, messageStart, end, entries);
    else if (protocol === protocolIds.compact) onCompact(bytes, messageStart, end, entries);
    else throw new ReplyFault("MALFORMED", "an unknown protocol");
  };
}

/** The frame of a message. `info`: protocol, transforms and infos, without padding. */
export function headerFrame(magic: number, seqid: number, info: Uint8Array, message: Uint8Array): Uint8Array {
  const words = Math.ceil(info.length / wordBytes);
  const messageStart = lengthBytes + fixedBytes + words * wordBytes;
  const frame = Buffer.alloc(messageStart + message.length);
  frame.writeUInt32BE(frame.length - lengthBytes, 0);
  frame.writeUInt16BE(magic, 4);
  frame.writeInt32BE(seqid, 8);
  frame.writeUInt16BE(words, 12);
  frame.set(info, lengthBytes + fixedBytes);
  frame.set(message, messageStart);
  return frame;
}

export function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

const decoder = new TextDecoder();

export function readText(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}
