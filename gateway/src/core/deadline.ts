import type { Clock } from "./clock.ts";

/** Late by at most this, never early. */
const tickMs = 5;
/** A power of two. One turn of the wheel is 10 s, so that an entry with the default call deadline is looked at once. */
const slotCount = 2048;
/** The list of what is due and has not been told yet; beyond the wheel, so that it can be cancelled like all others. */
const dueSlot = slotCount;
const unscheduled = -1;

/** What ends at a deadline extends this: the wheel links its entries to each other, so that scheduling allocates nothing. */
export abstract class Deadline {
  /** The wheel's alone, like the three below. */
  wheelSlot = unscheduled;
  wheelTick = 0;
  wheelPrevious: Deadline | undefined = undefined;
  wheelNext: Deadline | undefined = undefined;

  /** The deadline has passed. The entry is no longer scheduled, and may be again. */
  abstract onDeadline(): void;
}

/**
 * Many deadlines on one timer: scheduling and cancelling are O(1). It sleeps until the first slot that holds something, so
 * calls that are answered long before their deadline never wake it, and an empty wheel has no timer.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #slots: (Deadline | undefined)[] = new Array<Deadline | undefined>(slotCount + 1).fill(undefined);
  #size = 0;
  /** All ticks up to this one are over. */
  #tick = 0;
  #wakeTick = Number.POSITIVE_INFINITY;
  #cancelWake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#size;
  }

  /** Tells `entry` at `atMs` of the monotonic clock, or in a tick when that has passed; an entry that is scheduled moves. */
  schedule(entry: Deadline, atMs: number): void {
    this.cancel(entry);
    if (this.#size === 0) this.#tick = Math.floor(this.#clock.monotonicMs() / tickMs);
    const tick = Math.max(Math.ceil(atMs / tickMs), this.#tick + 1);
    entry.wheelTick = tick;
    this.#link(entry, tick & (slotCount - 1));
    this.#size += 1;
    if (tick < this.#wakeTick) this.#wakeAt(tick);
  }

  cancel(entry: Deadline): void {
    if (entry.wheelSlot === unscheduled) return;
    this.#unlink(entry);
    entry.wheelSlot = unscheduled;
    this.#size -= 1;
  }

  #link(entry: Deadline, slot: number): void {
    const head = this.#slots[slot];
    entry.wheelSlot = slot;
    entry.wheelPrevious = undefined;
    entry.wheelNext = head;
    if (head !== undefined) head.wheelPrevious = entry;
    this.#slots[slot] = entry;
  }

  #unlink(entry: Deadline): void {
    const { wheelPrevious: previous, wheelNext: next } = entry;
    if (previous === undefined) this.#slots[entry.wheelSlot] = next;
    else previous.wheelNext = next;
    if (next !== undefined) next.wheelPrevious = previous;
    entry.wheelPrevious = undefined;
    entry.wheelNext = undefined;
  }

  #wakeAt(tick: number): void {
    this.#cancelWake?.();
    this.#wakeTick = tick;
    const delayMs = Math.ceil(tick * tickMs - this.#clock.monotonicMs());
    this.#cancelWake = this.#clock.after(Math.max(delayMs, 1), this.#wake);
  }

  readonly #wake = (): void => {
    this.#cancelWake = undefined;
    this.#wakeTick = Number.POSITIVE_INFINITY;
    const now = Math.floor(this.#clock.monotonicMs() / tickMs);
    for (let tick = Math.max(this.#tick, now - slotCount) + 1; tick <= now; tick++) this.#collect(tick & (slotCount - 1), now);
    // A clock that stands still must not turn the wheel back.
    this.#tick = Math.max(this.#tick, now);
    try {
      for (let entry = this.#slots[dueSlot]; entry !== undefined; entry = this.#slots[dueSlot]) {
        this.cancel(entry);
        entry.onDeadline();
      }
    } finally {
      this.#sleep();
    }
  };

  /** Moves what is due; entries of a later turn of the wheel stay. */
  #collect(slot: number, now: number): void {
    let entry = this.#slots[slot];
    while (entry !== undefined) {
      const next = entry.wheelNext;
      if (entry.wheelTick <= now) {
        this.#unlink(entry);
        this.#link(entry, dueSlot);
      }
      entry = next;
    }
  }

  #sleep(): void {
    if (this.#size === 0) return;
    let tick = this.#tick + 1;
    if (this.#slots[dueSlot] === undefined) while (this.#slots[tick & (slotCount - 1)] === undefined) tick++;
    if (tick < this.#wakeTick) this.#wakeAt(tick);
  }
}
