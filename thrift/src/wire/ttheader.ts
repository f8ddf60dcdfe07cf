import type { CallMetadata } from "./call-metadata.ts";
import type { Protocol } from "./dialect.ts";
import { type HeaderInfo, type HeaderLayout, protocolIds, readText, uint16 } from "./header-frame.ts";
import { badSize, ReplyFault } from "./reply-fault.ts";

const padding = 0;
const textKeyValues = 0x01;
const integerKeyValues = 0x10;
const accessToken = 0x11;

/** Keys of CloudWeGo's that are integers. */
const key = { logId: 2, fromService: 3, toService: 6, toMethod: 9, timeoutMs: 12, messageType: 22 } as const;

/** CloudWeGo's TTHeader: counts and lengths have two bytes, kinds, protocol and transforms one. */
export const ttheader: HeaderLayout = {
  magic: 0x1000,

  readInfo(bytes, start, end): HeaderInfo {
    if (end - start < 2) throw badSize();
    const protocol = bytes[start]!;
    const transforms = bytes[start + 1]!;
    if (transforms !== 0) return { protocol, transforms, entries: undefined };
    let entries: Map<string, string> | undefined;
    at = start + 2;
    while (at < end) {
      switch (bytes[at++]!) {
        case padding:
          break;
        case textKeyValues:
          entries ??= new Map();
          for (let left = takeNumber(bytes, end); left > 0; left--) {
            const name = takeText(bytes, end);
            entries.set(name, takeText(bytes, end));
          }
          break;
        case integerKeyValues:
          for (let left = takeNumber(bytes, end); left > 0; left--) {
            takeNumber(bytes, end);
            takeText(bytes, end);
          }
          break;
        case accessToken:
          takeText(bytes, end);
          break;
        default:
          throw new ReplyFault("MALFORMED", "an unknown kind of header");
      }
    }
    return { protocol, transforms, entries };
  },
};

/** Where the header is being read. */
let at = 0;

function takeNumber(bytes: Uint8Array, end: number): number {
  if (end - at < 2) throw badSize();
  at += 2;
  return uint16(bytes, at - 2);
}

function takeText(bytes: Uint8Array, end: number): string {
  const length = takeNumber(bytes, end);
  if (length > end - at) throw badSize();
  at += length;
  return readText(bytes, at - length, at);
}

export function writeTtheaderInfo(
  protocol: Protocol,
  metadata: CallMetadata | undefined,
  methodName: string,
  messageType: number,
  token?: string,
): Uint8Array {
  const bytes = [protocolIds[protocol], 0];
  const integers: [number, string][] = [
    [key.toMethod, methodName],
    [key.messageType, `${messageType}`],
  ];
  if (metadata !== undefined) {
    const { requestId, caller, service, timeoutMs, transient, persistent } = metadata;
    integers.push([key.logId, requestId], [key.fromService, caller], [key.toService, service], [key.timeoutMs, `${timeoutMs}`]);
    bytes.push(textKeyValues);
    pushNumber(bytes, transient.length + persistent.length);
    for (const [name, value] of transient) pushEntry(bytes, `RPC_TRANSIT_${name}`, value);
    for (const [name, value] of persistent) pushEntry(bytes, `RPC_PERSIST_${name}`, value);
  }
  bytes.push(integerKeyValues);
  pushNumber(bytes, integers.length);
  for (const [number, value] of integers) {
    pushNumber(bytes, number);
    pushText(bytes, value);
  }
  if (token !== undefined) {
    bytes.push(accessToken);
    pushText(bytes, token);
  }
  return Uint8Array.from(bytes);
}

function pushEntry(bytes: number[], name: string, value: string): void {
  pushText(bytes, name);
  pushText(bytes, value);
}

function pushText(bytes: number[], text: string): void {
  const utf8 = Buffer.from(text);
  pushNumber(bytes, utf8.length);
  bytes.push(...utf8);
}

function pushNumber(bytes: number[], value: number): void {
  bytes.push(value >> 8, value & 0xff);
}
