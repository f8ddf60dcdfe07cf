/** A map of so few keys compares each pair; a larger one hashes. */
export const fewKeys = 8;
const noTable = new Int32Array(0);

/** Seeds of the hash: an instance that knew them could make every key collide. */
const basis = Math.floor(Math.random() * 0x1_0000_0000) | 0;
const multiplier = (Math.floor(Math.random() * 0x1_0000_0000) | 5) & ~2;

/**
 * The keys of one map, as spans of the JSON written so far: two keys are the same when their text is. Grows with the keys that came, never with the count that was declared.
 */
export class KeySpans {
  #spans = new Int32Array(2 * fewKeys);
  #count = 0;
  /** Open addressing: 1 + the index of a span, 0 is free. At most half full. */
  #table = noTable;

  clear(): void {
    this.#count = 0;
  }

  /** Adds the key that stands at `start` … `end` in `json`. False: it is there already. */
  add(json: Uint8Array, start: number, end: number): boolean {
    const count = this.#count;
    if (count < fewKeys) {
      for (let i = 0; i < count; i++) if (this.#holds(i, json, start, end)) return false;
    } else {
      if (count * 2 >= this.#table.length) this.#rehash(json);
      const slot = this.#find(json, start, end);
      if (this.#table[slot] !== 0) return false;
      this.#table[slot] = count + 1;
    }
    if (this.#spans.length === 2 * count) {
      const larger = new Int32Array(4 * count);
      larger.set(this.#spans);
      this.#spans = larger;
    }
    this.#spans[2 * count] = start;
    this.#spans[2 * count + 1] = end;
    this.#count = count + 1;
    return true;
  }

  /** The slot of the key, or the free one where it belongs. */
  #find(json: Uint8Array, start: number, end: number): number {
    const mask = this.#table.length - 1;
    let slot = hash(json, start, end) & mask;
    for (let entry = this.#table[slot]!; entry !== 0; entry = this.#table[slot]!) {
      if (this.#holds(entry - 1, json, start, end)) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #holds(index: number, json: Uint8Array, start: number, end: number): boolean {
    const known = this.#spans[2 * index]!;
    const length = end - start;
    if (this.#spans[2 * index + 1]! - known !== length) return false;
    for (let i = 0; i < length; i++) if (json[known + i] !== json[start + i]) return false;
    return true;
  }

  #rehash(json: Uint8Array): void {
    this.#table = new Int32Array(Math.max(4 * fewKeys, this.#table.length * 2));
    for (let i = 0; i < this.#count; i++) {
      this.#table[this.#find(json, this.#spans[2 * i]!, this.#spans[2 * i + 1]!)] = i + 1;
    }
  }
}

function hash(json: Uint8Array, start: number, end: number): number {
  let state = basis;
  for (let i = start; i < end; i++) {
    state = Math.imul(state ^ json[i]!, multiplier);
    state ^= state >>> 15;
  }
  return state;
}
