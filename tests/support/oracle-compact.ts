import { type WireStruct, type WireTree, writeWire } from "./oracle-wire.ts";

/** The compact protocol of the same trees, by its specification. Slow and obvious. */
const types: Readonly<Record<number, number>> = {
  2: 1,
  3: 3,
  4: 7,
  6: 4,
  8: 5,
  10: 6,
  11: 8,
  12: 12,
  13: 11,
  14: 10,
  15: 9,
  16: 13,
};

export function varint(value: bigint | number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.of(...bytes, Number(rest));
}

export function zigzag(value: bigint | number): Uint8Array {
  const signed = BigInt(value);
  return varint(signed < 0n ? -2n * signed - 1n : 2n * signed);
}

export interface CompactMessage {
  readonly type: number;
  readonly name: string;
  readonly seqid: number;
  readonly body: WireStruct;
}

export function writeCompactMessage({ type, name, seqid, body }: CompactMessage): Uint8Array {
  const nameBytes = Buffer.from(name);
  return Buffer.concat([
    Uint8Array.of(0x82, (type << 5) | 1),
    varint(seqid),
    varint(nameBytes.length),
    nameBytes,
    writeCompact(body),
  ]);
}

function writeCompact(tree: WireTree): Uint8Array {
  switch (tree.code) {
    case 2:
      return Uint8Array.of(tree.value ? 1 : 2);
    case 6:
    case 8:
    case 10:
      return zigzag(tree.value);
    case 4:
      return writeWire(tree).toReversed();
    case 11:
      return Buffer.concat([varint(tree.value.length), tree.value]);
    case 12:
      return writeStruct(tree);
    case 13: {
      if (tree.entries.length === 0) return Uint8Array.of(0);
      const head = Uint8Array.of((types[tree.keyCode]! << 4) | types[tree.valueCode]!);
      const entries = tree.entries.flatMap(([key, value]) => [writeCompact(key), writeCompact(value)]);
      return Buffer.concat([varint(tree.entries.length), head, ...entries]);
    }
    case 14:
    case 15: {
      const type = types[tree.elementCode] ?? 0;
      const count = tree.elements.length;
      const head = count < 15 ? Uint8Array.of((count << 4) | type) : Buffer.concat([Uint8Array.of(0xf0 | type), varint(count)]);
      return Buffer.concat([head, ...tree.elements.map(writeCompact)]);
    }
    default:
      return writeWire(tree);
  }
}

function writeStruct({ fields }: WireStruct): Uint8Array {
  const parts: Uint8Array[] = [];
  let last = 0;
  for (const [id, value] of fields) {
    const type = value.code === 2 ? (value.value ? 1 : 2) : types[value.code]!;
    const delta = id - last;
    parts.push(
      delta > 0 && delta < 16 ? Uint8Array.of((delta << 4) | type) : Buffer.concat([Uint8Array.of(type), zigzag(id)]),
      value.code === 2 ? new Uint8Array(0) : writeCompact(value),
    );
    last = id;
  }
  return Buffer.concat([...parts, Uint8Array.of(0)]);
}
