import { badSize, badType, tooDeep, truncated } from "./reply-fault.ts";
import { fixedSize, leastSize, TypeCode } from "./type-code.ts";

/** An empty container may declare any type, or none. */
export function isElementOfEmpty(code: number): boolean {
  return code === TypeCode.stop || leastSize[code] !== 0;
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/**
 * Where the value of type `code` at `at` ends. A value always stands in a struct, so at least its stop byte follows: `at < end`
 * on entry and on return.
 * @throws {ReplyFault}
 */
export function skip(bytes: Uint8Array, at: number, end: number, code: number, depth: number): number {
  const size = fixedSize[code]!;
  if (size !== 0) {
    if (size >= end - at) throw truncated();
    return at + size;
  }
  switch (code) {
    case TypeCode.string: {
      if (end - at < 5) throw truncated();
      const length = readInt32(bytes, at);
      if (length < 0 || length >= end - at - 4) throw badSize();
      return at + 4 + length;
    }
    case TypeCode.struct:
      if (depth <= 0) throw tooDeep();
      return skipFields(bytes, at, end, depth);
    case TypeCode.list:
    case TypeCode.set: {
      if (depth <= 0) throw tooDeep();
      if (end - at < 6) throw truncated();
      return skipElements(bytes, at + 5, end, readInt32(bytes, at + 1), bytes[at]!, depth);
    }
    case TypeCode.map: {
      if (depth <= 0) throw tooDeep();
      if (end - at < 7) throw truncated();
      return skipEntries(bytes, at + 6, end, readInt32(bytes, at + 2), bytes[at]!, bytes[at + 1]!, depth);
    }
    default:
      throw badType();
  }
}

function skipFields(bytes: Uint8Array, start: number, end: number, depth: number): number {
  let at = start;
  for (let code = bytes[at]!; code !== TypeCode.stop; code = bytes[at]!) {
    if (end - at < 5) throw truncated();
    at = skip(bytes, at + 3, end, code, depth - 1);
  }
  if (++at >= end) throw truncated();
  return at;
}

function skipElements(bytes: Uint8Array, start: number, end: number, count: number, code: number, depth: number): number {
  if (count === 0 && isElementOfEmpty(code)) return start;
  const least = leastSize[code]!;
  if (least === 0) throw badType();
  if (count < 0 || count * least >= end - start) throw badSize();
  if (fixedSize[code] !== 0) return start + count * least;
  let at = start;
  for (let i = 0; i < count; i++) at = skip(bytes, at, end, code, depth - 1);
  return at;
}

function skipEntries(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  keyCode: number,
  valueCode: number,
  depth: number,
): number {
  if (count === 0 && isElementOfEmpty(keyCode) && isElementOfEmpty(valueCode)) return start;
  const leastKey = leastSize[keyCode]!;
  const leastValue = leastSize[valueCode]!;
  if (leastKey === 0 || leastValue === 0) throw badType();
  if (count < 0 || count * (leastKey + leastValue) >= end - start) throw badSize();
  if (fixedSize[keyCode] !== 0 && fixedSize[valueCode] !== 0) return start + count * (leastKey + leastValue);
  let at = start;
  for (let i = 0; i < count; i++) {
    at = skip(bytes, at, end, keyCode, depth - 1);
    at = skip(bytes, at, end, valueCode, depth - 1);
  }
  return at;
}
