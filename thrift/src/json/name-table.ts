import { output } from "../wire/binary-writer.ts";
import { Ascii } from "./ascii.ts";
import { input } from "./input.ts";
import { failSyntax } from "./mismatch.ts";
import { skipColon } from "./skip.ts";
import { copyString, plainBytes, specialBytes } from "./strings.ts";

/** Not known beforehand, so that nobody can make an IDL whose names all fall into one place. */
const seed = Math.floor(Math.random() * 0x1_0000_0000) | 0;

/** Finds the index of a name from its UTF-8 bytes, without making a string of them. */
export class NameTable {
  readonly names: readonly string[];
  /** Open addressing: index of a name plus one; 0 where the place is free. At most half of the places are taken. */
  readonly #places: Int32Array;
  readonly #mask: number;
  readonly #lengths: Int32Array;
  /** The bytes of all names as little-endian words, each name padded with zeros. */
  readonly #words: Int32Array;
  readonly #wordsFrom: Int32Array;

  constructor(names: readonly string[]) {
    const encoded = names.map((name) => Buffer.from(name));
    this.names = names;
    this.#mask = 2 ** Math.ceil(Math.log2(names.length * 2 + 1)) - 1;
    this.#places = new Int32Array(this.#mask + 1);
    this.#lengths = Int32Array.from(encoded, (bytes) => bytes.length);
    this.#wordsFrom = new Int32Array(names.length);
    const total = encoded.reduce((sum, bytes) => sum + Math.ceil(bytes.length / 4), 0);
    const padded = new DataView(new ArrayBuffer(total * 4 + 4));
    this.#words = new Int32Array(total);
    let from = 0;
    for (const [index, bytes] of encoded.entries()) {
      for (const [offset, byte] of bytes.entries()) padded.setUint8(from * 4 + offset, byte);
      this.#wordsFrom[index] = from;
      let place = hash(padded, from * 4, bytes.length) & this.#mask;
      while (this.#places[place] !== 0) place = (place + 1) & this.#mask;
      this.#places[place] = index + 1;
      from += Math.ceil(bytes.length / 4);
    }
    for (let word = 0; word < total; word++) this.#words[word] = padded.getInt32(word * 4, true);
  }

  /** The index of the name that stands at `start`, or −1. Three bytes behind it must be readable. */
  find(view: DataView, start: number, length: number): number {
    const mask = this.#mask;
    for (let place = hash(view, start, length) & mask; ; place = (place + 1) & mask) {
      const index = this.#places[place]! - 1;
      if (index < 0 || (this.#lengths[index] === length && this.#equals(index, view, start, length))) return index;
    }
  }

  #equals(index: number, view: DataView, start: number, length: number): boolean {
    let word = this.#wordsFrom[index]!;
    let offset = 0;
    for (; offset + 4 <= length; offset += 4) {
      if (view.getInt32(start + offset, true) !== this.#words[word++]) return false;
    }
    return offset === length || tail(view, start + offset, length - offset) === this.#words[word];
  }
}

function hash(view: DataView, start: number, length: number): number {
  let value = seed ^ length;
  let offset = 0;
  for (; offset + 4 <= length; offset += 4) value = mix(value, view.getInt32(start + offset, true));
  if (offset < length) value = mix(value, tail(view, start + offset, length - offset));
  return value;
}

function mix(value: number, word: number): number {
  value = Math.imul(value ^ word, 0x9e3779b1);
  return value ^ (value >>> 15);
}

/** The last one to three bytes, as a word padded with zeros. */
function tail(view: DataView, start: number, length: number): number {
  return view.getInt32(start, true) & ((1 << (length * 8)) - 1);
}

/**
 * Index of the key whose quote stands at `p`, or −1; the key's place and that of its value are left in `input`. An escaped key
 * is unescaped at `o` first, where nothing has been written yet.
 */
export function findKey(p: number, o: number, table: NameTable): number {
  const { bytes, view } = input;
  if (bytes[p] !== Ascii.quote) failSyntax(p);
  input.key = p;
  let q = p + 1;
  let special = specialBytes(view.getInt32(q, true));
  while (special === 0) {
    q += 4;
    special = specialBytes(view.getInt32(q, true));
  }
  q += plainBytes(special);
  if (bytes[q] === Ascii.quote) {
    const index = table.find(view, p + 1, q - p - 1);
    input.value = skipColon(q + 1);
    return index;
  }
  input.value = skipColon(copyString(p, o));
  return table.find(output.view, o + 4, output.end - o - 4);
}
