import type { CallMetadata } from "./call-metadata.ts";
import type { Protocol } from "./dialect.ts";
import { type HeaderInfo, type HeaderLayout, protocolIds, readText } from "./header-frame.ts";
import { badSize, ReplyFault } from "./reply-fault.ts";

/** Kinds of infos; the second is passed on from hop to hop. Behind one that is not known nothing can be read. */
const keyValues = 1;
const persistentKeyValues = 2;

/** Apache's THeader: numbers and lengths are varints. */
export const theader: HeaderLayout = {
  magic: 0x0fff,

  readInfo(bytes, start, end): HeaderInfo {
    at = start;
    const protocol = takeVarint(bytes, end);
    const transforms = takeVarint(bytes, end);
    if (transforms !== 0) return { protocol, transforms, entries: undefined };
    let entries: Map<string, string> | undefined;
    while (at < end) {
      const kind = takeVarint(bytes, end);
      if (kind !== keyValues && kind !== persistentKeyValues) break;
      entries ??= new Map();
      for (let left = takeVarint(bytes, end); left > 0; left--) {
        const key = takeText(bytes, end);
        entries.set(key, takeText(bytes, end));
      }
    }
    return { protocol, transforms, entries };
  },
};

/** Where the header is being read. */
let at = 0;

function takeVarint(bytes: Uint8Array, end: number): number {
  let value = 0;
  for (let shift = 0; at < end; shift += 7) {
    const byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80 && (shift < 28 || byte <= 0x07)) return value;
    if (shift === 28) throw new ReplyFault("MALFORMED", "a number of the header is too large");
  }
  throw badSize();
}

function takeText(bytes: Uint8Array, end: number): string {
  const length = takeVarint(bytes, end);
  if (length > end - at) throw badSize();
  at += length;
  return readText(bytes, at - length, at);
}

/** Apache's library gives no meaning to keys; those that fbthrift or W3C have given one keep it. */
export function writeTheaderInfo(protocol: Protocol, metadata: CallMetadata | undefined): Uint8Array {
  const bytes = [protocolIds[protocol], 0];
  if (metadata !== undefined) {
    const { requestId, caller, timeoutMs, transient, persistent } = metadata;
    const own = [["x-request-id", requestId] as const, ["caller", caller] as const, ["client_timeout", `${timeoutMs}`] as const];
    const all = [...own, ...transient, ...persistent];
    bytes.push(keyValues);
    pushVarint(bytes, all.length);
    for (const [name, value] of all) {
      pushText(bytes, name);
      pushText(bytes, value);
    }
  }
  return Uint8Array.from(bytes);
}

function pushText(bytes: number[], text: string): void {
  const utf8 = Buffer.from(text);
  pushVarint(bytes, utf8.length);
  bytes.push(...utf8);
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
}
