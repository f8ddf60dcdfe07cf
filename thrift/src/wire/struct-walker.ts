import { messageHeaderSize, readMessageHeader } from "./message.ts";
import { badSize, badType, ReplyFault, tooDeep } from "./reply-fault.ts";
import { isElementOfEmpty, readInt32 } from "./skip.ts";
import { fixedSize, leastSize, TypeCode } from "./type-code.ts";

/** In place of a depth: nothing is open yet. */
const atHeader = -1;
/** In place of a count: a struct, which ends with a stop byte. */
const untilStop = -1;

/**
 * Finds the end of a message without a length, over as many calls as its bytes take to come. Between two calls it keeps
 * how far it walked and, for each open struct and container, what is still due: never anything that grows with the message.
 */
export class StructWalker {
  readonly #maxBytes: number;
  readonly #maxDepth: number;
  /** How far it walked; beyond what is there while a value of known size is still to come. */
  #walked = 0;
  /** The type of the value that comes next; `stop`: whatever the innermost open one says. */
  #value: number = TypeCode.stop;
  /** Innermost open struct or container; the message's own struct is 0. */
  #depth = atHeader;
  /** By depth: values still due, or {@link untilStop}. */
  readonly #due: Int32Array;
  /** By depth: types of the values that are due in turn; both the same but in maps. */
  readonly #types: Uint8Array;

  constructor(maxBytes: number, maxDepth: number) {
    this.#maxBytes = maxBytes;
    this.#maxDepth = maxDepth;
    this.#due = new Int32Array(maxDepth + 1);
    this.#types = new Uint8Array(2 * (maxDepth + 1));
  }

  /**
   * The size of the message that starts at `start`, or 0 while it is not whole; then the next call continues, with the same
   * message and more of it, wherever it stands by then.
   * @throws {ReplyFault}
   */
  walk(bytes: Uint8Array, start: number, end: number): number {
    const available = end - start;
    if (this.#depth === atHeader && !this.#walkHeader(bytes, start, end)) return 0;
    while (this.#depth !== atHeader) {
      if (this.#walked > this.#maxBytes) throw new ReplyFault("TOO_LARGE", "a message is over its bound");
      if (this.#walked >= available) return 0;
      const whole =
        this.#value === TypeCode.stop
          ? this.#enterNext(bytes, start + this.#walked, end)
          : this.#walkValue(bytes, start + this.#walked, end);
      if (!whole) return 0;
    }
    const size = this.#walked;
    if (size > this.#maxBytes) throw new ReplyFault("TOO_LARGE", "a message is over its bound");
    this.#walked = 0;
    return size;
  }

  #walkHeader(bytes: Uint8Array, start: number, end: number): boolean {
    if (messageHeaderSize(bytes, start, end) > end - start) return false;
    this.#walked = readMessageHeader(bytes, start, end).bodyOffset - start;
    this.#depth = 0;
    this.#due[0] = untilStop;
    return true;
  }

  /** Finds out which value comes next, or that the innermost open one ends. False: more bytes are needed. */
  #enterNext(bytes: Uint8Array, at: number, end: number): boolean {
    const due = this.#due[this.#depth]!;
    if (due === untilStop) {
      const code = bytes[at]!;
      if (code === TypeCode.stop) {
        this.#walked++;
        this.#depth--;
        return true;
      }
      if (leastSize[code] === 0) throw badType();
      if (end - at < 3) return false;
      this.#walked += 3;
      this.#value = code;
    } else if (due === 0) {
      this.#depth--;
    } else {
      this.#due[this.#depth] = due - 1;
      this.#value = this.#types[2 * this.#depth + (due & 1)]!;
    }
    return true;
  }

  /** Walks over a value without values in it, or opens one. False: more bytes are needed. */
  #walkValue(bytes: Uint8Array, at: number, end: number): boolean {
    const code = this.#value;
    const available = end - at;
    const fixed = fixedSize[code]!;
    if (fixed !== 0) {
      this.#walked += fixed;
    } else if (code === TypeCode.string) {
      if (available < 4) return false;
      this.#walked += 4;
      this.#walked += this.#fitting(readInt32(bytes, at), 1);
    } else if (code === TypeCode.struct) {
      this.#open(untilStop, 0, 0);
    } else if (code === TypeCode.map) {
      if (available < 6) return false;
      this.#walked += 6;
      this.#openContainer(readInt32(bytes, at + 2), 2, bytes[at]!, bytes[at + 1]!);
    } else {
      if (available < 5) return false;
      this.#walked += 5;
      this.#openContainer(readInt32(bytes, at + 1), 1, bytes[at]!, bytes[at]!);
    }
    this.#value = TypeCode.stop;
    return true;
  }

  #openContainer(count: number, perCount: 1 | 2, first: number, second: number): void {
    if (count === 0 && isElementOfEmpty(first) && isElementOfEmpty(second)) return;
    if (leastSize[first] === 0 || leastSize[second] === 0) throw badType();
    const least = perCount === 1 ? leastSize[first]! : leastSize[first]! + leastSize[second]!;
    const leastBytes = this.#fitting(count, least);
    if (fixedSize[first] !== 0 && fixedSize[second] !== 0) this.#walked += leastBytes;
    else this.#open(count * perCount, first, second);
  }

  #open(due: number, first: number, second: number): void {
    if (this.#depth === this.#maxDepth) throw tooDeep();
    this.#depth++;
    this.#due[this.#depth] = due;
    // An even number of values is due before each key.
    this.#types[2 * this.#depth] = first;
    this.#types[2 * this.#depth + 1] = second;
  }

  /** The bytes that `count` values of `least` bytes take, if they still fit in a message. */
  #fitting(count: number, least: number): number {
    if (count < 0) throw badSize();
    if (count * least > this.#maxBytes - this.#walked) throw new ReplyFault("TOO_LARGE", "a message is over its bound");
    return count * least;
  }
}
