import { type Clock, systemClock } from "../../gateway/src/core/clock.ts";

/** Time that passes `factor` times as fast, for what waits for others as well. */
export function createFastClock(factor: number): Clock {
  return {
    monotonicMs: () => systemClock.monotonicMs() * factor,
    now: systemClock.now,
    after: (delayMs, callback) => systemClock.after(delayMs / factor, callback),
  };
}
