import { integerBytes } from "./oracle-wire.ts";
import type { Part, Slot, Wrong } from "./slots.ts";

/** A reply of the binary protocol whose every size, count and type is a slot. The method's result is an Everything. */
export function binaryReply(name: string, seqid: number): Part[] {
  const field = (code: number, id: number): Part[] => [typeSlot(`type of field ${id}`, code), integerBytes(id, 2)];
  const nested = (depth: number) => Buffer.from("0c0063".repeat(depth) + "00".repeat(depth), "hex");
  return [
    {
      name: "version and message type",
      right: integerBytes(0x80010002 - 2 ** 32, 4),
      wrong: [
        "80010001",
        "80010004",
        "80010000",
        "80010005",
        "800100ff",
        "80020002",
        "81010002",
        "ffffffff",
        "00000000",
        "7f010002",
      ].map((hex) => ({ as: hex, bytes: Buffer.from(hex, "hex") })),
    },
    sizeSlot("length of the name", name.length, [257]),
    { name: "name", right: Buffer.from(name), wrong: [{ as: "another", bytes: Buffer.from("x".repeat(name.length)) }] },
    {
      name: "seqid",
      right: integerBytes(seqid, 4),
      wrong: [0, -1, seqid + 1, 0x7fffffff].map((value) => ({ as: `${value}`, bytes: integerBytes(value, 4) })),
    },
    ...field(12, 0),
    ...field(2, 1),
    Uint8Array.of(1),
    ...field(11, 7),
    sizeSlot("length of a string", 4),
    { name: "text", right: Buffer.from("text"), wrong: [{ as: "no UTF-8", bytes: Uint8Array.of(0x61, 0xc3, 0x28, 0x61) }] },
    ...field(11, 8),
    sizeSlot("length of a binary", 2),
    Uint8Array.of(0xff, 0xfe),
    ...field(15, 11),
    typeSlot("element type of a list", 10, [8, 11, 12]),
    sizeSlot("count of a list", 1),
    integerBytes(5, 8),
    ...field(14, 12),
    typeSlot("element type of a set", 11, [8, 12]),
    sizeSlot("count of a set", 1),
    integerBytes(1, 4),
    Buffer.from("a"),
    ...field(13, 13),
    typeSlot("key type of a map", 11, [8, 12]),
    typeSlot("value type of a map", 4, [10, 2]),
    sizeSlot("count of a map", 1),
    integerBytes(0, 4),
    new Uint8Array(8),
    ...field(12, 16),
    { name: "union", right: Buffer.from("0a0001000000000000000500", "hex"), wrong: [{ as: "empty", bytes: Uint8Array.of(0) }] },
    ...unknownFields(),
    {
      name: "what only nests",
      right: nested(40),
      wrong: [
        { as: "70 levels", bytes: nested(70) },
        ...[0x0f, 0x0e].map((code) => ({ as: `70 levels of ${code}`, bytes: nestedLists(code, 70) })),
      ],
    },
    { name: "end of the value", right: Uint8Array.of(0), wrong: [{ as: "an unknown type", bytes: Uint8Array.of(99, 0, 0) }] },
    { name: "end of the result", right: Uint8Array.of(0), wrong: [{ as: "none", bytes: new Uint8Array(0), waits: true }] },
  ];
}

/** Skipped by the codec; no size in them is trusted for that. */
function unknownFields(): Part[] {
  const field = (code: number, id: number): Part[] => [typeSlot(`type of unknown field ${id}`, code), integerBytes(id, 2)];
  return [
    ...field(11, 100),
    sizeSlot("length of an unknown string", 1),
    Buffer.from("x"),
    ...field(15, 101),
    typeSlot("element type of an unknown list", 12),
    sizeSlot("count of unknown empty structs", 2),
    Uint8Array.of(0, 0),
    ...field(14, 102),
    typeSlot("element type of an unknown set", 2),
    sizeSlot("count of unknown bools", 2),
    Uint8Array.of(0, 1),
    ...field(13, 103),
    typeSlot("key type of an unknown map", 3),
    typeSlot("value type of an unknown map", 15),
    sizeSlot("count of an unknown map", 1),
    Uint8Array.of(7),
    typeSlot("element type in an unknown map", 3),
    sizeSlot("count in an unknown map", 1),
    Uint8Array.of(1),
  ];
}

function nestedLists(code: number, depth: number): Buffer {
  const inner = Array.from({ length: depth - 1 }, () => Buffer.of(code, 0, 0, 0, 1));
  return Buffer.concat([Buffer.of(code, 0, 99), ...inner, Buffer.of(8, 0, 0, 0, 0)]);
}

function typeSlot(name: string, right: number, others: readonly number[] = []): Slot {
  const codes = [1, 17, 128, 255, ...others];
  return { name, right: Uint8Array.of(right), wrong: codes.map((code) => ({ as: `${code}`, bytes: Uint8Array.of(code) })) };
}

function sizeSlot(name: string, right: number, others: readonly number[] = []): Slot {
  const negative = [-1, -0x8000_0000];
  const large = [0x7fff_ffff, 0x1000_0000, 100_000, ...others];
  const wrong = (value: number, waits: boolean): Wrong => ({ as: `${value}`, bytes: integerBytes(value, 4), waits });
  return {
    name,
    right: integerBytes(right, 4),
    wrong: [...negative.map((value) => wrong(value, false)), ...large.map((value) => wrong(value, true))],
  };
}
