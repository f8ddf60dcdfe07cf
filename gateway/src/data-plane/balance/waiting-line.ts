import { Deadline, type DeadlineWheel } from "../../core/deadline.ts";
import { overloaded, waitedInVain } from "./balance-errors.ts";
import type { InstanceAwaiter, Pick } from "./instance-awaiter.ts";

/** A call that waits for an instance with room. */
export class Waiter extends Deadline implements Pick {
  readonly tried: readonly string[];
  readonly awaiter: InstanceAwaiter;
  readonly #line: WaitingLine;
  previous: Waiter | undefined = undefined;
  next: Waiter | undefined = undefined;
  waits: boolean = true;

  constructor(tried: readonly string[], awaiter: InstanceAwaiter, line: WaitingLine) {
    super();
    this.tried = tried;
    this.awaiter = awaiter;
    this.#line = line;
  }

  cancel(): void {
    this.#line.leave(this);
  }

  override onDeadline(): void {
    this.#line.leave(this);
    this.awaiter.onNoInstance(waitedInVain());
  }
}

/** Calls of one service in the order of arrival, each until its deadline. */
export class WaitingLine {
  readonly #deadlines: DeadlineWheel;
  readonly #maxLength: number;
  #first: Waiter | undefined;
  #last: Waiter | undefined;
  #length = 0;

  constructor(maxLength: number, deadlines: DeadlineWheel) {
    this.#maxLength = maxLength;
    this.#deadlines = deadlines;
  }

  get first(): Waiter | undefined {
    return this.#first;
  }

  get length(): number {
    return this.#length;
  }

  /** `undefined`: the line is full, and `awaiter` was told. */
  join(tried: readonly string[], deadlineAtMs: number, awaiter: InstanceAwaiter): Waiter | undefined {
    if (this.#length >= this.#maxLength) {
      awaiter.onNoInstance(overloaded());
      return undefined;
    }
    const waiter = new Waiter(tried, awaiter, this);
    waiter.previous = this.#last;
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.#length += 1;
    this.#deadlines.schedule(waiter, deadlineAtMs);
    return waiter;
  }

  leave(waiter: Waiter): void {
    if (!waiter.waits) return;
    waiter.waits = false;
    this.#deadlines.cancel(waiter);
    const { previous, next } = waiter;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    waiter.previous = undefined;
    waiter.next = undefined;
    this.#length -= 1;
  }
}
