/** Time as the gateway sees it; tests inject their own. */
export interface Clock {
  /** For deadlines and TTLs: milliseconds, never goes back. */
  monotonicMs(): number;
  /** For stored times. */
  now(): Date;
  /** Runs `callback` once after `delayMs`; the timer keeps no process alive. Returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  now: () => new Date(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
