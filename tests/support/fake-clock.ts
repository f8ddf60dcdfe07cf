import type { Clock } from "../../gateway/src/core/clock.ts";

export interface FakeClock extends Clock {
  /** Runs what falls due, each at its time and in order; what it causes is done before the next one. */
  advance(ms: number): Promise<void>;
  /** How many timers wait. */
  readonly pending: number;
}

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to go on. */
export function createFakeClock(start: Date = new Date("2026-01-01T00:00:00Z")): FakeClock {
  const timers = new Set<Timer>();
  let elapsedMs = 0;

  function nextDue(byMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) if (timer.dueMs <= byMs && (!next || timer.dueMs < next.dueMs)) next = timer;
    return next;
  }

  return {
    monotonicMs: () => elapsedMs,
    now: () => new Date(start.getTime() + elapsedMs),
    after(delayMs, callback) {
      const timer = { dueMs: elapsedMs + Math.max(0, delayMs), callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const endMs = elapsedMs + ms;
      for (let timer = nextDue(endMs); timer; timer = nextDue(endMs)) {
        elapsedMs = timer.dueMs;
        timers.delete(timer);
        timer.callback();
        await settled();
      }
      elapsedMs = endMs;
      await settled();
    },
    get pending() {
      return timers.size;
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
