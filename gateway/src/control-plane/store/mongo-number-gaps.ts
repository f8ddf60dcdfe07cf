import type { Clock } from "../../core/clock.ts";

/** A writer takes its number, then has as long as its call may last to make it visible. */
const WAIT_MS = 20_000;
/** More than can be under way at once. */
const MAX_MISSING = 1_000;

/** What a poll has to ask for, so that numbers may become visible in any order. */
export interface NumberGaps {
  /** At the start: what is visible already. */
  begin(numbers: readonly number[]): void;
  wanted(): { readonly last: number; readonly missing: readonly number[] };
  saw(numbers: readonly number[]): void;
}

/**
 * Numbers are dense, so one that is left out was replaced by a later one of the same owner, given up, or not visible yet: it is
 * asked for again for a while.
 */
export function createNumberGaps(clock: Pick<Clock, "monotonicMs">): NumberGaps {
  /** Until when. */
  const missing = new Map<number, number>();
  let last = 0;

  function advanceTo(max: number, from: number, visible: ReadonlySet<number>): void {
    const untilMs = clock.monotonicMs() + WAIT_MS;
    for (let number = Math.max(from, max - MAX_MISSING) + 1; number < max; number++) {
      if (!visible.has(number)) missing.set(number, untilMs);
    }
    last = max;
  }

  return {
    begin(numbers) {
      const visible = new Set(numbers.filter(Number.isInteger));
      const max = highest(visible, 0);
      missing.clear();
      advanceTo(max, 0, visible);
    },
    wanted() {
      const nowMs = clock.monotonicMs();
      for (const [number, untilMs] of missing) if (untilMs <= nowMs) missing.delete(number);
      return { last, missing: [...missing.keys()] };
    },
    saw(numbers) {
      const visible = new Set(numbers.filter(Number.isInteger));
      for (const number of visible) missing.delete(number);
      const max = highest(visible, last);
      if (max > last) advanceTo(max, last, visible);
      for (const number of [...missing.keys()].slice(0, Math.max(0, missing.size - MAX_MISSING))) missing.delete(number);
    },
  };
}

function highest(numbers: Iterable<number>, least: number): number {
  let max = least;
  for (const number of numbers) if (number > max) max = number;
  return max;
}
