/** A service that is rarely called may still retry. */
const freeRetries = 10;
const freeRetriesPerSecond = 1;
/** What a quiet time may save up for a bad moment. */
const maxSaved = 100;

/** Keeps retries from multiplying the load on a service that is in trouble: each call pays in a part of a retry. */
export class RetryBudget {
  readonly #ratio: number;
  #saved: number;
  #refilledAtMs: number;

  /** `ratio` 0: no retries at all. */
  constructor(ratio: number, nowMs: number) {
    this.#ratio = ratio;
    this.#saved = ratio > 0 ? freeRetries : 0;
    this.#refilledAtMs = nowMs;
  }

  onCall(): void {
    this.#saved = Math.min(this.#saved + this.#ratio, maxSaved);
  }

  /** `false`: there is none left. */
  take(nowMs: number): boolean {
    if (this.#ratio > 0 && this.#saved < freeRetries) {
      const earned = ((nowMs - this.#refilledAtMs) / 1_000) * freeRetriesPerSecond;
      this.#saved = Math.min(this.#saved + earned, freeRetries);
    }
    this.#refilledAtMs = nowMs;
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }
}
