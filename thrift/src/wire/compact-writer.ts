import { CompactType, compactProtocolId, compactTypes, compactVersion, messageTypeShift } from "./compact-type.ts";
import { readInt32 } from "./skip.ts";
import { fixedSize, TypeCode } from "./type-code.ts";

/** The largest buffer that stays between messages. */
const keptBytes = 262_144;
/** In eight bytes of a message stand at most so many that become one more each: integers, and the headers of lists and fields. */
const growth = 1.5;
const spareBytes = 32;

let scratch = Buffer.allocUnsafeSlow(65_536);
/** What is being read, and where; how far the compact form goes. */
let source: Uint8Array = scratch;
let at = 0;
let w = 0;

/**
 * A message of the strict binary protocol that our encoder wrote, in the compact protocol, with this seqid. `name`: instead of its own.
 * Whatever JSON can say is thus said in one way, and which protocol it travels in is nobody's matter but the connection's.
 */
export function toCompact(message: Uint8Array, seqid: number, name?: string): Uint8Array {
  const ownLength = readInt32(message, 4);
  const nameBytes = name === undefined ? undefined : Buffer.from(name);
  const nameLength = nameBytes?.length ?? ownLength;
  const room = Math.ceil(message.length * growth) + nameLength + spareBytes;
  if (room > scratch.length) scratch = Buffer.allocUnsafeSlow(room);
  source = message;
  at = 8;
  w = 0;
  scratch[w++] = compactProtocolId;
  scratch[w++] = (message[3]! << messageTypeShift) | compactVersion;
  putVarint(seqid);
  putVarint(nameLength);
  if (nameBytes === undefined) putBytes(ownLength);
  else {
    scratch.set(nameBytes, w);
    w += nameLength;
  }
  at = 12 + ownLength;
  putStruct();
  const bytes = Buffer.allocUnsafe(w);
  scratch.copy(bytes, 0, 0, w);
  source = bytes;
  if (scratch.length > keptBytes) scratch = Buffer.allocUnsafeSlow(65_536);
  return bytes;
}

function putStruct(): void {
  let lastId = 0;
  for (let code = source[at++]!; code !== TypeCode.stop; code = source[at++]!) {
    const id = ((source[at]! << 24) >> 16) | source[at + 1]!;
    at += 2;
    const isBool = code === TypeCode.bool;
    const type = isBool && source[at++] === 0 ? CompactType.false : compactTypes[code]!;
    const delta = id - lastId;
    if (delta > 0 && delta < 16) scratch[w++] = (delta << 4) | type;
    else {
      scratch[w++] = type;
      putVarint((id << 1) ^ (id >> 31));
    }
    lastId = id;
    if (!isBool) putValue(code);
  }
  scratch[w++] = CompactType.stop;
}

function putValue(code: number): void {
  switch (code) {
    case TypeCode.bool:
      scratch[w++] = source[at++] === 0 ? CompactType.false : CompactType.true;
      return;
    case TypeCode.i8:
      scratch[w++] = source[at++]!;
      return;
    case TypeCode.i16: {
      const value = ((source[at]! << 24) >> 16) | source[at + 1]!;
      at += 2;
      putVarint((value << 1) ^ (value >> 31));
      return;
    }
    case TypeCode.i32: {
      const value = readInt32(source, at);
      at += 4;
      putVarint((value << 1) ^ (value >> 31));
      return;
    }
    case TypeCode.i64:
      putLong(readInt32(source, at), readInt32(source, at + 4));
      at += 8;
      return;
    case TypeCode.double:
      for (let i = 7; i >= 0; i--) scratch[w++] = source[at + i]!;
      at += 8;
      return;
    case TypeCode.string: {
      const length = readInt32(source, at);
      at += 4;
      putVarint(length);
      putBytes(length);
      return;
    }
    case TypeCode.uuid:
      putBytes(fixedSize[TypeCode.uuid]!);
      return;
    case TypeCode.struct:
      putStruct();
      return;
    case TypeCode.map: {
      const [keyCode, valueCode, count] = [source[at]!, source[at + 1]!, readInt32(source, at + 2)];
      at += 6;
      putVarint(count);
      if (count > 0) scratch[w++] = (compactTypes[keyCode]! << 4) | compactTypes[valueCode]!;
      for (let i = 0; i < count; i++) {
        putValue(keyCode);
        putValue(valueCode);
      }
      return;
    }
    default: {
      const elementCode = source[at]!;
      const count = readInt32(source, at + 1);
      at += 5;
      if (count < 15) scratch[w++] = (count << 4) | compactTypes[elementCode]!;
      else {
        scratch[w++] = 0xf0 | compactTypes[elementCode]!;
        putVarint(count);
      }
      for (let i = 0; i < count; i++) putValue(elementCode);
    }
  }
}

function putBytes(length: number): void {
  if (length < 32) for (let i = 0; i < length; i++) scratch[w + i] = source[at + i]!;
  else scratch.set(source.subarray(at, at + length), w);
  w += length;
  at += length;
}

function putVarint(value: number): void {
  let rest = value >>> 0;
  while (rest > 0x7f) {
    scratch[w++] = rest | 0x80;
    rest >>>= 7;
  }
  scratch[w++] = rest;
}

/** Two halves of 32 bits, zigzag. */
function putLong(highHalf: number, lowHalf: number): void {
  const sign = highHalf >> 31;
  let high = (((highHalf << 1) | (lowHalf >>> 31)) ^ sign) >>> 0;
  let low = ((lowHalf << 1) ^ sign) >>> 0;
  for (; high !== 0; high >>>= 7) {
    scratch[w++] = low | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
  }
  putVarint(low);
}
