import { CompactType, compactProtocolId, compactVersion, messageTypeShift, typeCodes, versionMask } from "./compact-type.ts";
import { maxNameBytes } from "./message.ts";
import { badSize, badType, ReplyFault, tooDeep } from "./reply-fault.ts";
import { leastSize, TypeCode } from "./type-code.ts";

/** Nothing of the message was read yet. */
const atHeader = -1;
/** In place of a count: a struct, which ends with a stop byte. */
const untilStop = -1;
/** The most that one step writes, but for strings. */
const stepBytes = 32;
/** The least bytes of a value in the compact protocol are one, but for these. */
const leastCompactSize: Readonly<Record<number, number>> = { [CompactType.double]: 8, [CompactType.uuid]: 16 };
const keptBytes = 65_536;
const leastBytes = 1_024;

/**
 * Turns messages of the compact protocol into messages of the strict binary protocol, over as many calls as their bytes take to
 * come: all that reads replies knows one protocol. Between two calls it keeps, for each open struct and container, what is still
 * due. The output grows with the bytes that came, at most by eight for one, and never over its bound.
 */
export class CompactReader {
  /** The message, up to `length`; whole once {@link take} said so. */
  bytes = new Uint8Array(leastBytes);
  length = 0;
  readonly #maxBytes: number;
  readonly #maxDepth: number;
  #view = new DataView(this.bytes.buffer);
  /** Innermost open struct or container; the message's own struct is 0. */
  #depth = atHeader;
  /** The compact type of the value that comes next; `stop`: whatever the innermost open one says. */
  #value: number = CompactType.stop;
  /** Bytes of a string that are still to come. */
  #text = 0;
  /** By depth: values still due, or {@link untilStop}. */
  readonly #due: Int32Array;
  /** By depth: types of the values that are due in turn; both the same but in maps. */
  readonly #types: Uint8Array;
  /** By depth: the field before. */
  readonly #lastIds: Int16Array;
  /** The varint that was read last, in halves; only the lower one where 32 bits are asked for. */
  #low = 0;
  #high = 0;

  constructor(maxBytes: number, maxDepth: number) {
    this.#maxBytes = maxBytes;
    this.#maxDepth = maxDepth;
    this.#due = new Int32Array(maxDepth + 1);
    this.#types = new Uint8Array(2 * (maxDepth + 1));
    this.#lastIds = new Int16Array(maxDepth + 1);
  }

  /** A message has begun. */
  get isInside(): boolean {
    return this.#depth !== atHeader;
  }

  /** Begins a message. */
  reset(): void {
    this.length = 0;
    this.#depth = atHeader;
    this.#value = CompactType.stop;
    this.#text = 0;
    if (this.bytes.length > keptBytes) this.#allocate(leastBytes);
  }

  /**
   * Reads on at `start` and returns how far it came; what it left, a few hundred bytes at most, is to come again with more behind it.
   * The message is whole when {@link isInside} is false and `length` is not 0.
   * @throws {ReplyFault}
   */
  take(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    if (this.#depth === atHeader) {
      at = this.#takeHeader(bytes, start, end);
      if (at < 0) return start;
    }
    while (this.#depth !== atHeader) {
      if (this.length + stepBytes > this.bytes.length) this.#grow(stepBytes);
      let next: number;
      if (this.#text > 0) next = this.#takeText(bytes, at, end);
      else if (this.#value !== CompactType.stop) next = this.#takeValue(bytes, at, end);
      else next = this.#takeNext(bytes, at, end);
      if (next < 0) break;
      at = next;
    }
    return at;
  }

  #takeHeader(bytes: Uint8Array, start: number, end: number): number {
    if (start < end && bytes[start] !== compactProtocolId) throw notCompact();
    if (end - start < 2) return -1;
    const version = bytes[start + 1]!;
    if ((version & versionMask) !== compactVersion) throw notCompact();
    let at = this.#varint(bytes, start + 2, end);
    if (at < 0) return -1;
    const seqid = this.#low;
    at = this.#varint(bytes, at, end);
    if (at < 0) return -1;
    const length = this.#low;
    if (length < 0 || length > maxNameBytes) throw new ReplyFault("MALFORMED", "a method name of impossible length");
    if (length > end - at) return -1;
    this.length = 0;
    this.#putInt32(0x80010000 | (version >>> messageTypeShift));
    this.#putInt32(length);
    this.bytes.set(bytes.subarray(at, at + length), this.length);
    this.length += length;
    this.#putInt32(seqid);
    this.#depth = 0;
    this.#due[0] = untilStop;
    this.#lastIds[0] = 0;
    return at + length;
  }

  /** Finds out which value comes next, or that the innermost open one ends. Negative: more bytes are needed. */
  #takeNext(bytes: Uint8Array, at: number, end: number): number {
    const depth = this.#depth;
    const due = this.#due[depth]!;
    if (due === 0) {
      this.#depth--;
      return at;
    }
    if (due !== untilStop) {
      this.#due[depth] = due - 1;
      this.#value = this.#types[2 * depth + (due & 1)]!;
      return at;
    }
    if (at === end) return -1;
    const byte = bytes[at]!;
    if (byte === CompactType.stop) {
      this.bytes[this.length++] = TypeCode.stop;
      this.#depth--;
      return at + 1;
    }
    const type = byte & 15;
    const code = typeCodes[type]!;
    if (code === 0) throw badType();
    let next = at + 1;
    let id = this.#lastIds[depth]! + (byte >> 4);
    if (byte < 16) {
      next = this.#varint(bytes, next, end);
      if (next < 0) return -1;
      id = this.#zigzag();
    }
    if (id > 32_767 || id < -32_768) throw new ReplyFault("MALFORMED", "a field id is no i16");
    this.#lastIds[depth] = id;
    this.bytes[this.length++] = code;
    this.#putInt16(id);
    if (code === TypeCode.bool) this.bytes[this.length++] = type === CompactType.true ? 1 : 0;
    else this.#value = type;
    return next;
  }

  /** A value that is no field of type bool. Negative: more bytes are needed. */
  #takeValue(bytes: Uint8Array, at: number, end: number): number {
    let next = at + 1;
    const type = this.#value;
    if (type === CompactType.struct) {
      next = at;
      this.#value = CompactType.stop;
      this.#open(untilStop, 0, 0);
      return next;
    }
    if (at === end) return -1;
    switch (type) {
      case CompactType.true:
      case CompactType.false:
        // Some write 0 for false, others the type.
        if (bytes[at]! > CompactType.false) throw badType();
        this.bytes[this.length++] = bytes[at] === CompactType.true ? 1 : 0;
        break;
      case CompactType.i8:
        this.bytes[this.length++] = bytes[at]!;
        break;
      case CompactType.i16: {
        next = this.#varint(bytes, at, end);
        if (next < 0) return -1;
        const value = this.#zigzag();
        if (value > 32_767 || value < -32_768) throw new ReplyFault("MALFORMED", "a number is no i16");
        this.#putInt16(value);
        break;
      }
      case CompactType.i32:
        next = this.#varint(bytes, at, end);
        if (next < 0) return -1;
        this.#putInt32(this.#zigzag());
        break;
      case CompactType.i64: {
        next = this.#longVarint(bytes, at, end);
        if (next < 0) return -1;
        const sign = -(this.#low & 1);
        this.#putInt32((this.#high >>> 1) ^ sign);
        this.#putInt32(((this.#low >>> 1) | (this.#high << 31)) ^ sign);
        break;
      }
      case CompactType.double:
        if (end - at < 8) return -1;
        for (let i = 7; i >= 0; i--) this.bytes[this.length++] = bytes[at + i]!;
        next = at + 8;
        break;
      case CompactType.uuid:
        if (end - at < 16) return -1;
        for (let i = 0; i < 16; i++) this.bytes[this.length++] = bytes[at + i]!;
        next = at + 16;
        break;
      case CompactType.string:
        next = this.#varint(bytes, at, end);
        if (next < 0) return -1;
        this.#assertFitting(this.#low, 1);
        this.#putInt32(this.#low);
        this.#text = this.#low;
        break;
      case CompactType.map:
        next = this.#takeMap(bytes, at, end);
        if (next < 0) return -1;
        return next;
      default:
        next = this.#takeList(bytes, at, end);
        if (next < 0) return -1;
        return next;
    }
    this.#value = CompactType.stop;
    return next;
  }

  #takeList(bytes: Uint8Array, at: number, end: number): number {
    let next = at + 1;
    const type = bytes[at]! & 15;
    let count = bytes[at]! >> 4;
    if (count === 15) {
      next = this.#varint(bytes, next, end);
      if (next < 0) return -1;
      count = this.#low;
    }
    this.bytes[this.length++] = this.#elementCode(type, count);
    this.#putInt32(count);
    this.#value = CompactType.stop;
    this.#openContainer(count, 1, type, type);
    return next;
  }

  #takeMap(bytes: Uint8Array, at: number, end: number): number {
    let next = this.#varint(bytes, at, end);
    if (next < 0) return -1;
    const count = this.#low;
    if (count !== 0 && next === end) return -1;
    const types = count === 0 ? 0 : bytes[next++]!;
    this.bytes[this.length++] = this.#elementCode(types >> 4, count);
    this.bytes[this.length++] = this.#elementCode(types & 15, count);
    this.#putInt32(count);
    this.#value = CompactType.stop;
    this.#openContainer(count, 2, types >> 4, types & 15);
    return next;
  }

  /** An empty container may declare any type, or none. */
  #elementCode(type: number, count: number): number {
    const code = typeCodes[type]!;
    if (code === 0 && (type !== CompactType.stop || count !== 0)) throw badType();
    return code;
  }

  #takeText(bytes: Uint8Array, at: number, end: number): number {
    const length = Math.min(this.#text, end - at);
    if (length === 0) return -1;
    if (this.length + length + stepBytes > this.bytes.length) this.#grow(length + stepBytes);
    if (length < 32) for (let i = 0; i < length; i++) this.bytes[this.length + i] = bytes[at + i]!;
    else this.bytes.set(bytes.subarray(at, at + length), this.length);
    this.length += length;
    this.#text -= length;
    return at + length;
  }

  #openContainer(count: number, perCount: 1 | 2, first: number, second: number): void {
    const least = leastSize[typeCodes[first]!]! + (perCount === 1 ? 0 : leastSize[typeCodes[second]!]!);
    this.#assertFitting(count, least);
    const leastCompact = (leastCompactSize[first] ?? 1) + (perCount === 1 ? 0 : (leastCompactSize[second] ?? 1));
    this.#assertFitting(count, leastCompact);
    // An even number of values is due before each key.
    this.#open(count * perCount, first, second);
  }

  #open(due: number, first: number, second: number): void {
    if (this.#depth === this.#maxDepth) throw tooDeep();
    this.#depth++;
    this.#due[this.#depth] = due;
    this.#types[2 * this.#depth] = first;
    this.#types[2 * this.#depth + 1] = second;
    this.#lastIds[this.#depth] = 0;
  }

  #assertFitting(count: number, least: number): void {
    if (count < 0) throw badSize();
    if (count * least > this.#maxBytes - this.length) throw tooLarge();
  }

  #zigzag(): number {
    return (this.#low >>> 1) ^ -(this.#low & 1);
  }

  /** Reads 32 bits into `#low`. Negative: more bytes are needed. */
  #varint(bytes: Uint8Array, start: number, end: number): number {
    let value = 0;
    for (let shift = 0, at = start; at < end; shift += 7) {
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) throw badVarint();
        this.#low = value;
        return at;
      }
      if (shift === 28) throw badVarint();
    }
    return -1;
  }

  /** Reads 64 bits into both halves. Negative: more bytes are needed. */
  #longVarint(bytes: Uint8Array, start: number, end: number): number {
    let low = 0;
    let high = 0;
    for (let shift = 0, at = start; at < end; shift += 7) {
      const byte = bytes[at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) throw badVarint();
        this.#low = low;
        this.#high = high;
        return at;
      }
      if (shift === 63) throw badVarint();
    }
    return -1;
  }

  #putInt16(value: number): void {
    this.#view.setInt16(this.length, value);
    this.length += 2;
  }

  #putInt32(value: number): void {
    this.#view.setInt32(this.length, value);
    this.length += 4;
  }

  #grow(room: number): void {
    if (this.length > this.#maxBytes) throw tooLarge();
    const known = this.bytes.subarray(0, this.length);
    this.#allocate(Math.max(this.length + room, 2 * this.bytes.length));
    this.bytes.set(known);
  }

  #allocate(size: number): void {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }
}

function notCompact(): ReplyFault {
  return new ReplyFault("MALFORMED", "this is no message of the compact protocol");
}

function badVarint(): ReplyFault {
  return new ReplyFault("MALFORMED", "a varint is longer than its type");
}

function tooLarge(): ReplyFault {
  return new ReplyFault("TOO_LARGE", "a message is over its bound");
}
