import { varint } from "./oracle-compact.ts";
import { integerBytes } from "./oracle-wire.ts";
import { type Part, rightBytes, type Slot, type Wrong, type WrongMessage, wrongMessages } from "./slots.ts";

const maxFrameBytes = 16_384_000;

/** All frames whose content has one slot got wrong, and all right contents in a frame of wrong length. */
export function* wrongFrames(content: readonly Part[]): Generator<WrongMessage> {
  const right = rightBytes(content);
  const length = lengthSlot(right.length);
  yield* wrongMessages([length, right]);
  for (const { name, bytes } of wrongMessages(content)) {
    yield { name, bytes: Buffer.concat([integerBytes(bytes.length, 4), bytes]), waits: false };
  }
}

function lengthSlot(right: number): Slot {
  const wrong = (value: number, waits = false): Wrong => ({ as: `${value}`, bytes: integerBytes(value, 4), waits });
  const refused = [0, -1, -4, -0x8000_0000, maxFrameBytes + 1, 0x7fff_ffff, 1, 2, 8, right - 1].map((value) => wrong(value));
  return { name: "length of the frame", right: integerBytes(right, 4), wrong: [...refused, wrong(right + 1, true)] };
}

/** What stands before a message in a header transport, every field a slot. */
export function headerParts(kind: "header" | "ttheader", protocol: "binary" | "compact", message: readonly Part[]): Part[] {
  const number = (value: number) => (kind === "header" ? varint(value) : integerBytes(value, 2));
  const small = (value: number) => (kind === "header" ? varint(value) : Uint8Array.of(value));
  const slot = (name: string, right: Uint8Array, wrong: readonly Uint8Array[]): Slot => {
    return { name, right, wrong: wrong.map((bytes) => ({ as: Buffer.from(bytes).toString("hex"), bytes })) };
  };
  const tooLong =
    kind === "header" ? [Buffer.from("808080808000", "hex"), Buffer.from("ffffffff7f", "hex"), Buffer.alloc(20, 0xff)] : [];
  const beyond = [...[30, 1_000, 65_535].map(number), ...tooLong];
  const info: Part[] = [
    slot("protocol", small(protocol === "binary" ? 0 : 2), [...[1, 3, 4, 127].map(small), ...tooLong]),
    slot("count of transforms", small(0), [...[1, 2, 3, 99, 127].map(small), ...tooLong]),
    slot("kind of info", small(1), kind === "header" ? tooLong : [2, 3, 0x0f, 0x12, 0x7f, 0xff].map(small)),
    slot("count of entries", number(2), beyond),
    slot("length of a name", number(3), beyond),
    Buffer.from("one"),
    slot("length of a value", number(1), beyond),
    Buffer.from("1"),
    slot("length of the last name", number(3), beyond),
    Buffer.from("two"),
    slot("length of the last value", number(1), beyond),
    Buffer.from("2"),
  ];
  const infoBytes = rightBytes(info).length;
  const padding = new Uint8Array((4 - (infoBytes % 4)) % 4);
  const words = (infoBytes + padding.length) / 4;
  const magic = kind === "header" ? 0x0fff : 0x1000;
  return [
    slot(
      "magic",
      integerBytes(magic, 2),
      [0, 0x0ffe, 0x1001, 0x8001, 0x8241, 0xffff, magic ^ 0x1fff].map((value) => integerBytes(value, 2)),
    ),
    integerBytes(0, 2),
    integerBytes(1, 4),
    slot(
      "words of the header",
      integerBytes(words, 2),
      [0, 1, 1_000, 0x7fff, 0xffff].map((value) => integerBytes(value, 2)),
    ),
    ...info,
    padding,
    ...message,
  ];
}
