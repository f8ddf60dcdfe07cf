import type { Call } from "./call.ts";

/**
 * The calls of a connection, oldest first: those that were sent, then those that were not. A list and no map, since most
 * servers answer in order: the reply's call is the first one.
 */
export class CallList {
  #oldest: Call | undefined;
  #newest: Call | undefined;
  #firstUnsent: Call | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get oldest(): Call | undefined {
    return this.#oldest;
  }

  get firstUnsent(): Call | undefined {
    return this.#firstUnsent;
  }

  get oldestSent(): Call | undefined {
    return this.#oldest === this.#firstUnsent ? undefined : this.#oldest;
  }

  append(call: Call): void {
    call.previous = this.#newest;
    call.next = undefined;
    if (this.#newest === undefined) this.#oldest = call;
    else this.#newest.next = call;
    this.#newest = call;
    this.#firstUnsent ??= call;
    this.#count += 1;
  }

  /** The first unsent call becomes the newest of the sent. */
  markSent(call: Call, seqid: number): void {
    call.seqid = seqid;
    call.encoded = undefined;
    this.#firstUnsent = call.next;
  }

  remove(call: Call): void {
    const { previous, next } = call;
    if (this.#firstUnsent === call) this.#firstUnsent = next;
    if (previous === undefined) this.#oldest = next;
    else previous.next = next;
    if (next === undefined) this.#newest = previous;
    else next.previous = previous;
    call.previous = undefined;
    call.next = undefined;
    this.#count -= 1;
  }

  /** Of those that were sent. */
  find(seqid: number): Call | undefined {
    for (let call = this.#oldest; call !== this.#firstUnsent; call = call?.next) {
      if (call?.seqid === seqid) return call;
    }
    return undefined;
  }

  /** The oldest sent call that somebody still waits for. */
  oldestAwaited(): Call | undefined {
    let call = this.oldestSent;
    while (call !== undefined && call !== this.#firstUnsent && call.observer === undefined) call = call.next;
    return call === this.#firstUnsent ? undefined : call;
  }

  /** The oldest sent call whose deadline has passed without a reply. */
  oldestOverdue(nowMs: number): Call | undefined {
    let call = this.oldestSent;
    while (call !== undefined && call !== this.#firstUnsent && call.deadlineAtMs > nowMs) call = call.next;
    return call === this.#firstUnsent ? undefined : call;
  }
}
