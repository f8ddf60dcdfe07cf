import { badSize, badType, ReplyFault, tooDeep, truncated } from "../wire/reply-fault.ts";
import { isElementOfEmpty, skip } from "../wire/skip.ts";
import { KeySpans } from "./decode-keys.ts";
import { putDouble, putDoubleKey, putInt, putInt64 } from "./decode-number.ts";
import { grow, output, putBase64, putRendered, putUuid, replyTooLarge } from "./decode-output.ts";
import { putText } from "./decode-text.ts";
import { integer, SourceUnit } from "./emit.ts";

/**
 * Reads the value at `at`, writes its JSON to {@link output} and returns where the value ends: before `end`, since the stop byte
 * of a struct always follows. `depth` is how many levels of nesting are still allowed.
 */
export type Read = (bytes: Uint8Array, at: number, end: number, depth: number) => number;

/** What generated code may call. Names are ours; they become locals of each unit. */
const library = {
  output,
  grow,
  putText,
  putInt,
  putInt64,
  putDouble,
  putDoubleKey,
  putBase64,
  putUuid,
  putRendered,
  newKeys: () => new KeySpans(),
  skip,
  isElementOfEmpty,
  truncated,
  badSize,
  badType,
  tooDeep,
  replyTooLarge,
  duplicateField: () => new ReplyFault("MALFORMED", "a field occurs twice in a struct"),
  missingField: () => new ReplyFault("MALFORMED", "a required field is missing"),
  notOneMember: () => new ReplyFault("MALFORMED", "a union does not hold exactly one known member"),
  duplicateKey: () => new ReplyFault("MALFORMED", "a key occurs twice in a map"),
};

/** Bytes that {@link putBytes} may store too many. */
export const paddingRoom = 3;

/** Free bytes that every value leaves behind it: a separator and a closing bracket. */
const closingRoom = 2;

/** Keys up to which the stores are unrolled; longer ones are copied. */
const unrolledKeyBytes = 40;

/** Takes the output anew, after a call that may have replaced it. */
export const reload = "out=output.bytes;view=output.view;";

/** Source that reads one value of which `size` bytes are fixed, and writes at most `room` bytes; 0: it looks after itself. */
export interface Value {
  readonly size: number;
  readonly room: number;
  readonly source: string;
}

/** The source of one reader. */
export class Unit {
  readonly #source = new SourceUnit();
  readonly #constants: string[] = [];

  /** A local that holds `value`. */
  constant(value: unknown): string {
    const name = `constant${this.#constants.length}`;
    this.#constants.push(`const ${name}=${this.#source.slot(value)};`);
    return name;
  }

  /** The function whose body is `body`: it moves `at`, `out` and `w`. */
  compile(body: string): Read {
    const names = `const {${Object.keys(library).join()}}=${this.#source.slot(library)};`;
    return this.#source.evaluate(`${names}${this.#constants.join("")}
return function(bytes,at,end,depth){
let out=output.bytes,view=output.view,w=output.at;
${body}
output.at=w;
return at;
};`) as Read;
  }
}

export function assertSize(size: number): string {
  return size === 0 ? "" : `if(end-at<=${integer(size)})throw truncated();`;
}

/** Makes room for `room` bytes, and {@link closingRoom} behind them. */
export function assertRoom(room: number): string {
  const asked = integer(room + closingRoom);
  return `if(out.length-w<${asked}){out=grow(w,${asked});view=output.view;}`;
}

export function readInt32(place: string): string {
  return `(bytes[${place}]<<24|bytes[${place}+1]<<16|bytes[${place}+2]<<8|bytes[${place}+3])`;
}

export function putKey(unit: Unit, key: Uint8Array): string {
  if (key.length > unrolledKeyBytes) return `w=putRendered(${unit.constant(key)},w);${reload}`;
  return putBytes(key);
}

/** Stores four bytes at a time, and so up to three too many; the room for them must be there. */
export function putBytes(bytes: Uint8Array): string {
  const padded = new DataView(new ArrayBuffer(bytes.length + paddingRoom));
  for (const [i, byte] of bytes.entries()) padded.setUint8(i, byte);
  let source = "";
  for (let i = 0; i < bytes.length; i += 4) source += `view.setInt32(w+${integer(i)},${integer(padded.getInt32(i, true))},true);`;
  return `${source}w+=${integer(bytes.length)};`;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
