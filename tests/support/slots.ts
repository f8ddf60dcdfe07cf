/** Bytes of a message, part by part; a slot is a part that may be got wrong, in so many ways. */
export type Part = Uint8Array | Slot;

export interface Slot {
  readonly name: string;
  readonly right: Uint8Array;
  readonly wrong: readonly Wrong[];
}

export interface Wrong {
  readonly as: string;
  readonly bytes: Uint8Array;
  /** In a stream without frames it means that more is to come. */
  readonly waits?: boolean;
}

/** A message with one slot got wrong. */
export interface WrongMessage {
  readonly name: string;
  readonly bytes: Buffer;
  readonly waits: boolean;
}

export function rightBytes(parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map((part) => ("right" in part ? part.right : part)));
}

/** Every slot at each of its wrong values, the others right. */
export function* wrongMessages(parts: readonly Part[]): Generator<WrongMessage> {
  for (const [at, part] of parts.entries()) {
    if (!("right" in part)) continue;
    for (const { as, bytes, waits = false } of part.wrong) {
      const all = [rightBytes(parts.slice(0, at)), bytes, rightBytes(parts.slice(at + 1))];
      yield { name: `${part.name}: ${as}`, bytes: Buffer.concat(all), waits };
    }
  }
}
