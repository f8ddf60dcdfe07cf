import type { Clock } from "../core/clock.ts";
import { GatewayError } from "../core/errors.ts";

export interface RateLimit {
  /** @throws {GatewayError} RATE_LIMITED, with the seconds to wait */
  take(key: string): void;
}

/** So many keys are told apart in a window; what comes on top shares one count, so that made-up keys can't fill the memory. */
const MAX_KEYS = 100_000;
const OVERFLOW_KEY = "";

/**
 * At most `limit` in any `windowMs`, by key. The window slides: of the last fixed window as much counts as still lies in
 * the sliding one. Two maps, one forgotten whole with its window, so that no key needs a timer.
 */
export function createRateLimit(limit: number, windowMs: number, clock: Clock): RateLimit {
  let startMs = clock.monotonicMs();
  let current = new Map<string, number>();
  let previous = new Map<string, number>();

  return {
    take(wantedKey) {
      const nowMs = clock.monotonicMs();
      const windows = Math.floor((nowMs - startMs) / windowMs);
      if (windows > 0) {
        previous = windows === 1 ? current : new Map();
        current = new Map();
        startMs += windows * windowMs;
      }
      const key = current.has(wantedKey) || current.size < MAX_KEYS ? wantedKey : OVERFLOW_KEY;
      const count = current.get(key) ?? 0;
      const leftOfPrevious = 1 - (nowMs - startMs) / windowMs;
      if (count + (previous.get(key) ?? 0) * leftOfPrevious >= limit) {
        const retryAfter = Math.max(1, Math.ceil((startMs + windowMs - nowMs) / 1000));
        throw new GatewayError("RATE_LIMITED", `Too many requests; try again in ${retryAfter} s.`, {
          headers: { "retry-after": String(retryAfter) },
        });
      }
      current.set(key, count + 1);
    },
  };
}
