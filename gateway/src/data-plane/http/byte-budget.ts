/** Enough for 30 bodies of the greatest size at once, counted while they grow; a process of the default heap lives with it. */
const defaultMaxBytes = 256 * 1024 * 1024;

/** What one process holds for slow callers: bodies that arrive in pieces, big answers that are not read. */
export class ByteBudget {
  readonly #maxBytes: number;
  #takenBytes = 0;

  constructor(maxBytes = defaultMaxBytes) {
    this.#maxBytes = maxBytes;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  take(bytes: number): boolean {
    if (this.#takenBytes + bytes > this.#maxBytes) return false;
    this.#takenBytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#takenBytes -= bytes;
  }
}
