/** Time as the gateway sees it; tests inject their own. */
export interface Clock {
  /** For deadlines and TTLs: milliseconds, never goes back. */
  monotonicMs(): number;
  /** For stored times. */
  now(): Date;
  /** Runs `callback` once after `delayMs`; the timer keeps no process alive. Returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Node runs a timer with a longer delay at once. */
const longestDelayMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  now: () => new Date(),
  after(delayMs, callback) {
    let timer: NodeJS.Timeout;
    const wait = (restMs: number): void => {
      const laterMs = restMs - longestDelayMs;
      timer = (laterMs > 0 ? setTimeout(wait, longestDelayMs, laterMs) : setTimeout(callback, restMs)).unref();
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
};
