/** Kept between messages; what a large one needed is let go. */
const keptBytes = 65_536;
const leastBytes = 4_096;
/** Copied faster one by one than by a view and a call. */
const fewBytes = 32;

/** The bytes of a message that has not come whole. Grows by doubling with what came: dripped bytes cost linear time. */
export class PendingBytes {
  bytes = new Uint8Array(0);
  length = 0;

  append(chunk: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.bytes.length * 2, leastBytes));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    if (end - start < fewBytes) {
      for (let at = start; at < end; at++) this.bytes[this.length + at - start] = chunk[at]!;
    } else {
      this.bytes.set(chunk.subarray(start, end), this.length);
    }
    this.length = length;
  }

  /** Forgets what comes first. */
  drop(count: number): void {
    if (count === this.length) this.clear();
    else {
      this.bytes.copyWithin(0, count, this.length);
      this.length -= count;
    }
  }

  clear(): void {
    this.length = 0;
    if (this.bytes.length > keptBytes) this.bytes = new Uint8Array(0);
  }
}
