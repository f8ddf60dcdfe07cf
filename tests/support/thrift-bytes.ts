/** Thrift messages of the binary protocol by hand, for peers that must be able to get them wrong. */

const versionMask = 0xffff_0000;
const version1 = 0x8001_0000;

/** Type codes of the binary protocol. */
const wire = {
  stop: 0,
  bool: 2,
  i8: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
  uuid: 16,
};
const fixedSize: Readonly<Record<number, number>> = {
  [wire.bool]: 1,
  [wire.i8]: 1,
  [wire.double]: 8,
  [wire.i16]: 2,
  [wire.i32]: 4,
  [wire.i64]: 8,
  [wire.uuid]: 16,
};

export const messageType = { call: 1, reply: 2, exception: 3, oneway: 4 } as const;

/** A struct without fields: the arguments of a method that takes none, the result of a void one. */
const emptyStruct = Buffer.from([wire.stop]);

export interface Message {
  readonly type: number;
  readonly name: string;
  readonly seqid: number;
  readonly body: Buffer;
}

/** Strict header and body, no frame. */
export function messageBytes({ type, name, seqid, body }: Message): Buffer {
  const nameBytes = Buffer.from(name);
  const head = Buffer.alloc(12 + nameBytes.length);
  head.writeUInt32BE((version1 | type) >>> 0, 0);
  head.writeInt32BE(nameBytes.length, 4);
  nameBytes.copy(head, 8);
  head.writeInt32BE(seqid, 8 + nameBytes.length);
  return Buffer.concat([head, body]);
}

export function frame(message: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(message.length, 0);
  return Buffer.concat([length, message]);
}

/** A struct with one string field. */
export function stringStruct(fieldId: number, text: string | Uint8Array): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(7);
  head.writeUInt8(wire.string, 0);
  head.writeInt16BE(fieldId, 1);
  head.writeInt32BE(bytes.length, 3);
  return Buffer.concat([head, bytes, emptyStruct]);
}

/** The body of a TApplicationException. */
export function applicationException(type: number, text: string): Buffer {
  const tail = Buffer.alloc(8);
  tail.writeUInt8(wire.i32, 0);
  tail.writeInt16BE(2, 1);
  tail.writeInt32BE(type, 3);
  return Buffer.concat([stringStruct(1, text).subarray(0, -1), tail]);
}

/** Does the stream begin with a message, not with a frame's length? */
export function startsUnframed(bytes: Buffer): boolean {
  return bytes.length >= 4 && (bytes.readUInt32BE(0) & versionMask) >>> 0 === version1;
}

/** The message at the start of `bytes` and where it ends; `undefined`: not whole yet. */
export function takeMessage(bytes: Buffer): { message: Message; end: number } | undefined {
  try {
    const nameLength = bytes.readInt32BE(4);
    const bodyOffset = 12 + nameLength;
    const seqid = bytes.readInt32BE(8 + nameLength);
    const end = skip(bytes, bodyOffset, wire.struct);
    const name = bytes.toString("utf8", 8, 8 + nameLength);
    return { message: { type: bytes.readUInt8(3), name, seqid, body: bytes.subarray(bodyOffset, end) }, end };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** @throws {RangeError} the bytes end before the value does */
function skip(bytes: Buffer, offset: number, type: number): number {
  let at = offset;
  switch (type) {
    case wire.string:
      at += 4 + bytes.readInt32BE(at);
      break;
    case wire.struct:
      for (let field = bytes.readUInt8(at); field !== wire.stop; field = bytes.readUInt8(at)) at = skip(bytes, at + 3, field);
      at += 1;
      break;
    case wire.list:
    case wire.set: {
      const element = bytes.readUInt8(at);
      const count = bytes.readInt32BE(at + 1);
      at += 5;
      for (let index = 0; index < count; index++) at = skip(bytes, at, element);
      break;
    }
    case wire.map: {
      const [key, value] = [bytes.readUInt8(at), bytes.readUInt8(at + 1)];
      const count = bytes.readInt32BE(at + 2);
      at += 6;
      for (let index = 0; index < count; index++) at = skip(bytes, skip(bytes, at, key), value);
      break;
    }
    default: {
      const size = fixedSize[type];
      if (size === undefined) throw new TypeError(`unknown type code ${type}`);
      at += size;
    }
  }
  if (at > bytes.length) throw new RangeError("not whole");
  return at;
}
