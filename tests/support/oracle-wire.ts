/** Values of the binary protocol as a tree, by what stands on the wire alone. Slow and obvious. */
export type WireTree =
  | { readonly code: 2; readonly value: boolean }
  | { readonly code: 3 | 6 | 8 | 10; readonly value: bigint }
  | { readonly code: 4; readonly value: number }
  | { readonly code: 11 | 16; readonly value: Uint8Array }
  | { readonly code: 12; readonly fields: readonly (readonly [id: number, value: WireTree])[] }
  | {
      readonly code: 13;
      readonly keyCode: number;
      readonly valueCode: number;
      readonly entries: readonly (readonly [WireTree, WireTree])[];
    }
  | { readonly code: 14 | 15; readonly elementCode: number; readonly elements: readonly WireTree[] };

export type WireStruct = WireTree & { code: 12 };

/** Trees by hand. A container's type codes are its first value's, unless told. */
export const wire = {
  bool: (value: boolean): WireTree => ({ code: 2, value }),
  i8: (value: number): WireTree => ({ code: 3, value: BigInt(value) }),
  i16: (value: number): WireTree => ({ code: 6, value: BigInt(value) }),
  i32: (value: number): WireTree => ({ code: 8, value: BigInt(value) }),
  i64: (value: bigint): WireTree => ({ code: 10, value }),
  double: (value: number): WireTree => ({ code: 4, value }),
  string: (value: string | Uint8Array): WireTree => ({ code: 11, value: typeof value === "string" ? Buffer.from(value) : value }),
  uuid: (hex: string): WireTree => ({ code: 16, value: Buffer.from(hex, "hex") }),
  struct: (...fields: (readonly [id: number, value: WireTree])[]): WireStruct => ({ code: 12, fields }),
  list: (elements: WireTree[], elementCode: number = elements[0]?.code ?? 0): WireTree => ({ code: 15, elementCode, elements }),
  set: (elements: WireTree[], elementCode: number = elements[0]?.code ?? 0): WireTree => ({ code: 14, elementCode, elements }),
  map: (
    entries: [WireTree, WireTree][],
    keyCode: number = entries[0]?.[0].code ?? 0,
    valueCode: number = entries[0]?.[1].code ?? 0,
  ): WireTree => ({
    code: 13,
    keyCode,
    valueCode,
    entries,
  }),
};

export class WireFault extends Error {}

const intSizes = { 3: 1, 6: 2, 8: 4, 10: 8 } as const;

export function writeWire(tree: WireTree): Uint8Array {
  switch (tree.code) {
    case 2:
      return Uint8Array.of(tree.value ? 1 : 0);
    case 3:
    case 6:
    case 8:
    case 10:
      return integerBytes(tree.value, intSizes[tree.code]);
    case 4: {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setFloat64(0, tree.value);
      return bytes;
    }
    case 11:
      return Buffer.concat([integerBytes(tree.value.length, 4), tree.value]);
    case 16:
      return tree.value;
    case 12:
      return Buffer.concat([
        ...tree.fields.flatMap(([id, value]) => [Uint8Array.of(value.code), integerBytes(id, 2), writeWire(value)]),
        Uint8Array.of(0),
      ]);
    case 13:
      return Buffer.concat([
        Uint8Array.of(tree.keyCode, tree.valueCode),
        integerBytes(tree.entries.length, 4),
        ...tree.entries.flatMap(([key, value]) => [writeWire(key), writeWire(value)]),
      ]);
    case 14:
    case 15:
      return Buffer.concat([
        Uint8Array.of(tree.elementCode),
        integerBytes(tree.elements.length, 4),
        ...tree.elements.map(writeWire),
      ]);
  }
}

export function integerBytes(value: number | bigint, size: number): Uint8Array {
  const whole = new Uint8Array(8);
  new DataView(whole.buffer).setBigInt64(0, BigInt(value));
  return whole.slice(8 - size);
}

/**
 * Reads a struct that must be all there is in `bytes`.
 * @throws {WireFault}
 */
export function readWireStruct(bytes: Uint8Array, maxDepth: number): WireStruct {
  let at = 0;
  const struct = readStruct(maxDepth);
  if (at !== bytes.length) throw new WireFault("trailing bytes");
  return struct;

  function take(size: number): Uint8Array {
    if (size < 0 || size > bytes.length - at) throw new WireFault("truncated");
    at += size;
    return bytes.subarray(at - size, at);
  }

  function integer(size: number): bigint {
    let value = 0n;
    for (const byte of take(size)) value = value * 256n + BigInt(byte);
    return BigInt.asIntN(size * 8, value);
  }

  function code(empty: boolean): number {
    const byte = take(1)[0]!;
    if (![2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15, 16].includes(byte) && !(empty && byte === 0)) throw new WireFault("type code");
    return byte;
  }

  function readStruct(depth: number): WireStruct {
    const fields: [number, WireTree][] = [];
    for (;;) {
      const fieldCode = code(true);
      if (fieldCode === 0) return { code: 12, fields };
      const id = Number(integer(2));
      fields.push([id, read(fieldCode, depth)]);
    }
  }

  function countAfter(codes: number): number {
    const count = Number(
      BigInt.asIntN(32, BigInt(`0x${Buffer.from(bytes.subarray(at + codes, at + codes + 4)).toString("hex") || 0}`)),
    );
    if (count < 0) throw new WireFault("negative");
    return count;
  }

  function read(valueCode: number, depth: number): WireTree {
    if (valueCode >= 12 && valueCode <= 15 && depth === 0) throw new WireFault("depth");
    switch (valueCode) {
      case 2:
        return { code: 2, value: integer(1) !== 0n };
      case 3:
      case 6:
      case 8:
      case 10:
        return { code: valueCode, value: integer(intSizes[valueCode]) };
      case 4:
        return { code: 4, value: Buffer.from(take(8)).readDoubleBE() };
      case 11:
        return { code: 11, value: take(Number(integer(4))) };
      case 16:
        return { code: 16, value: take(16) };
      case 12:
        return readStruct(depth - 1);
      case 13: {
        const empty = countAfter(2) === 0;
        const keyCode = code(empty);
        const mapValueCode = code(empty);
        const entries: [WireTree, WireTree][] = [];
        for (let left = integer(4); left > 0; left--) entries.push([read(keyCode, depth - 1), read(mapValueCode, depth - 1)]);
        return { code: 13, keyCode, valueCode: mapValueCode, entries };
      }
      default: {
        const elementCode = code(countAfter(1) === 0);
        const elements: WireTree[] = [];
        for (let left = integer(4); left > 0; left--) elements.push(read(elementCode, depth - 1));
        return { code: valueCode as 14 | 15, elementCode, elements };
      }
    }
  }
}

/** Equal for equal values, whatever the order of fields, set members and map entries. */
export function canonicalWire(tree: WireTree): string {
  switch (tree.code) {
    case 12:
      return `struct{${sorted(tree.fields.map(([id, value]) => `${id}:${canonicalWire(value)}`))}}`;
    case 13:
      return `map<${tree.keyCode},${tree.valueCode}>{${sorted(
        tree.entries.map(([key, value]) => `${canonicalWire(key)}=>${canonicalWire(value)}`),
      )}}`;
    case 14:
      return `set<${tree.elementCode}>{${sorted(tree.elements.map(canonicalWire))}}`;
    case 15:
      return `list<${tree.elementCode}>[${tree.elements.map(canonicalWire).join()}]`;
    default:
      return `${tree.code}:${Buffer.from(writeWire(tree)).toString("hex")}`;
  }
}

function sorted(parts: readonly string[]): string {
  return parts.toSorted((a, b) => (a < b ? -1 : 1)).join();
}
