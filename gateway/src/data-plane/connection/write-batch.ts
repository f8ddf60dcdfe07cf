/** Most turns' calls fit; libuv hands it to the kernel whole. */
const batchBytes = 64 * 1024;
const frameLengthBytes = 4;
const seqidBytes = 4;

/** Copying up to here costs less than another buffer in the system call. */
const maxCopiedCallBytes = 16 * 1024;

/** Large calls are not copied: a head with the frame's length and the seqid, then the rest as it is. */
export function isCopied(call: Uint8Array): boolean {
  return call.length <= maxCopiedCallBytes;
}

/** Up to and with the seqid, behind the frame's length where there is one. */
export function patchedHead(call: Uint8Array, seqidOffset: number, seqid: number, framed: boolean): Uint8Array {
  const start = framed ? frameLengthBytes : 0;
  const head = Buffer.allocUnsafe(start + seqidOffset + seqidBytes);
  if (framed) head.writeInt32BE(call.length, 0);
  head.set(call.subarray(0, seqidOffset), start);
  head.writeInt32BE(seqid, start + seqidOffset);
  return head;
}

export function tailAfterHead(call: Uint8Array, seqidOffset: number): Uint8Array {
  return call.subarray(seqidOffset + seqidBytes);
}

/**
 * One turn's calls of a connection, in one write. Encoded calls are shared with retries, so the seqid goes into this copy.
 * All connections share the one buffer: a write that the kernel took at once leaves it free, else it is replaced.
 */
export class WriteBatch {
  #buffer = Buffer.allocUnsafeSlow(batchBytes);
  #used = 0;

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  hasRoom(call: Uint8Array): boolean {
    return this.#used + frameLengthBytes + call.length <= batchBytes;
  }

  append(call: Uint8Array, seqidOffset: number, seqid: number, framed: boolean): void {
    let start = this.#used;
    if (framed) start = this.#buffer.writeInt32BE(call.length, start);
    this.#buffer.set(call, start);
    this.#buffer.writeInt32BE(seqid, start + seqidOffset);
    this.#used = start + call.length;
  }

  /** What needs neither length nor seqid. */
  appendWhole(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** What was appended; valid until the next append, unless {@link replaceBuffer} is called. */
  take(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    return bytes;
  }

  /** The socket still holds what was taken. */
  replaceBuffer(): void {
    this.#buffer = Buffer.allocUnsafeSlow(batchBytes);
  }
}
