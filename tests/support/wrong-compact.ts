import { varint, zigzag } from "./oracle-compact.ts";
import type { Part, Slot, Wrong } from "./slots.ts";

/** A reply of the compact protocol whose every size, count, type and varint is a slot. The method's result is an Everything. */
export function compactReply(name: string, seqid: number): Part[] {
  const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth, 0x1c), Buffer.alloc(depth)]);
  return [
    byteSlot("protocol", 0x82, [0x00, 0x80, 0x81, 0x83, 0xff]),
    byteSlot("version and message type", 0x41, [0x40, 0x42, 0x5f, 0x01, 0x21, 0x81, 0xa1, 0xe1]),
    {
      name: "seqid",
      right: varint(seqid),
      wrong: [
        ...[0, seqid + 1, 0x7fff_ffff, 0xffff_ffff].map((value) => ({ as: `${value}`, bytes: varint(value) })),
        ...longVarints(5),
      ],
    },
    sizeSlot("length of the name", name.length, [257]),
    { name: "name", right: Buffer.from(name), wrong: [{ as: "another", bytes: Buffer.from("x".repeat(name.length)) }] },
    fieldSlot("field 0, of the result", 0x0c, zigzag(0)),
    fieldSlot("field 1", 0x11),
    fieldSlot("field 3", 0x24),
    { name: "i16", right: zigzag(-5), wrong: [{ as: "17 bits", bytes: zigzag(40_000) }, ...longVarints(5)] },
    fieldSlot("field 4", 0x15),
    { name: "i32", right: zigzag(-5), wrong: longVarints(5) },
    fieldSlot("field 5", 0x16),
    { name: "i64", right: zigzag(-5), wrong: longVarints(10) },
    fieldSlot("field 7", 0x28),
    sizeSlot("length of a string", 4),
    { name: "text", right: Buffer.from("text"), wrong: [{ as: "no UTF-8", bytes: Uint8Array.of(0x61, 0xc3, 0x28, 0x61) }] },
    fieldSlot("field 11", 0x49),
    listSlot("list of longs", 6, 1, [5, 8]),
    zigzag(7),
    fieldSlot("field 12", 0x1a),
    listSlot("set of strings", 8, 1, [3]),
    Uint8Array.of(1, 0x61),
    fieldSlot("field 13", 0x1b),
    sizeSlot("count of a map", 1),
    byteSlot("types of a map", 0x87, [0x07, 0x80, 0x8e, 0xe7, 0xff, 0x78, 0x57]),
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0),
    fieldSlot("field 15", 0x2b),
    Uint8Array.of(1, 0x59, 2),
    listSlot("list of bools", 1, 1, [3]),
    byteSlot("bool in a list", 1, [3, 4, 127, 128, 255]),
    ...unknownFields(),
    {
      name: "what only nests",
      right: nested(40),
      wrong: [
        { as: "70 levels", bytes: nested(70) },
        { as: "70 lists", bytes: Buffer.concat([Buffer.alloc(70, 0x19), Buffer.of(0x03)]) },
      ],
    },
    byteSlot("end of the value", 0, [0x10, 0x1e, 0x1f]),
    { name: "end of the result", right: Uint8Array.of(0), wrong: [{ as: "none", bytes: new Uint8Array(0), waits: true }] },
  ];
}

/** Skipped by the codec; no size in them is trusted for that. */
function unknownFields(): Part[] {
  return [
    fieldSlot("unknown field 100", 0x08, zigzag(100)),
    sizeSlot("length of an unknown string", 1),
    Buffer.from("x"),
    fieldSlot("unknown field 101", 0x19),
    listSlot("list of unknown empty structs", 12, 2, []),
    Uint8Array.of(0, 0),
    fieldSlot("unknown field 102", 0x1a),
    listSlot("set of unknown bools", 1, 2, []),
    Uint8Array.of(1, 2),
    fieldSlot("unknown field 103", 0x1b),
    sizeSlot("count of an unknown map", 1),
    byteSlot("types of an unknown map", 0x39, [0x09, 0x30, 0x3e, 0xf9, 0xff]),
    Uint8Array.of(7),
    listSlot("list in an unknown map", 3, 1, []),
    Uint8Array.of(1),
  ];
}

function byteSlot(name: string, right: number, others: readonly number[]): Slot {
  return {
    name,
    right: Uint8Array.of(right),
    wrong: others.map((value) => ({ as: value.toString(16), bytes: Uint8Array.of(value) })),
  };
}

/** A field's header: its type and, in the short form, how far its id is from the one before. */
function fieldSlot(name: string, right: number, id: Uint8Array = new Uint8Array(0)): Slot {
  const type = right & 15;
  const far: readonly Wrong[] = [
    { as: "an id over an i16", bytes: Buffer.concat([Uint8Array.of(type), zigzag(32_768)]) },
    { as: "an id under an i16", bytes: Buffer.concat([Uint8Array.of(type), zigzag(-32_769)]) },
    ...longVarints(5).map(({ as, bytes }) => ({ as: `an id of ${as}`, bytes: Buffer.concat([Uint8Array.of(type), bytes]) })),
  ];
  const types = [0x1e, 0xff, 0x10].map((byte) => ({ as: `type ${byte & 15}`, bytes: Uint8Array.of(byte) }));
  return { name, right: Buffer.concat([Uint8Array.of(right), id]), wrong: [...far, ...types] };
}

/** A list's or set's header. */
function listSlot(name: string, type: number, count: number, others: readonly number[]): Slot {
  const types = [0, 14, 15, ...others].map((wrong) => ({ as: `of type ${wrong}`, bytes: Uint8Array.of((count << 4) | wrong) }));
  const long = sizeSlot("", count).wrong.map(({ as, bytes, waits }) => ({
    as,
    bytes: Buffer.concat([Uint8Array.of(0xf0 | type), bytes]),
    waits: waits === true,
  }));
  return { name, right: Uint8Array.of((count << 4) | type), wrong: [...types, ...long] };
}

function sizeSlot(name: string, right: number, others: readonly number[] = []): Slot {
  const negative = [0xffff_ffff, 0x8000_0000];
  const large = [0x7fff_ffff, 0x1000_0000, 100_000, ...others];
  return {
    name,
    right: varint(right),
    wrong: [
      ...negative.map((value) => ({ as: `${value | 0}`, bytes: varint(value) })),
      ...large.map((value) => ({ as: `${value}`, bytes: varint(value), waits: true })),
      ...longVarints(5),
    ],
  };
}

/** Varints of more bytes, or more bits, than the type has. */
function longVarints(bytes: 5 | 10): Wrong[] {
  const all = Buffer.alloc(bytes, 0xff);
  return [
    { as: `${bytes + 1} bytes`, bytes: Buffer.concat([Buffer.alloc(bytes, 0x80), Uint8Array.of(0)]) },
    { as: "one bit too many", bytes: Buffer.concat([all.subarray(1), Uint8Array.of(bytes === 5 ? 0x1f : 0x02)]) },
    { as: "20 bytes", bytes: Buffer.concat([Buffer.alloc(19, 0xff), Uint8Array.of(0)]) },
  ];
}
