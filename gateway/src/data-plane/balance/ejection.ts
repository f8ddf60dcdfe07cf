const firstBackOffMs = 1_000;
const maxBackOffMs = 30_000;
/** Servers connect to the gateway before they listen. */
const graceMs = 10_000;
/**
 * Calls in a row that were lost, or never answered. One lost connection takes several with it, and one method may be slow, so
 * a few say little; an instance that hangs answers none. Where all are slow, all are out, and calls go to them as before.
 */
const maxLossesInARow = 5;

/** How a call ended, as far as its instance is to blame. */
export type Outcome = "answered" | "connect-failed" | "lost" | "timed-out" | "cancelled";

/**
 * Whether an instance is left out for its failures. After a back-off one call tries whether it is back.
 *
 *     in ──► out ──► on-trial ──► in, or out for twice as long
 */
export class Ejection {
  #state: "in" | "out" | "on-trial" = "in";
  #outUntilMs = 0;
  #backOffMs = 0;
  #lossesInARow = 0;

  /** To be skipped for now? */
  isOut(nowMs: number): boolean {
    if (this.#state === "in") return false;
    return this.#state === "on-trial" || nowMs < this.#outUntilMs;
  }

  get isIn(): boolean {
    return this.#state === "in";
  }

  onPick(nowMs: number): void {
    if (this.#state === "out" && nowMs >= this.#outUntilMs) this.#state = "on-trial";
  }

  onOutcome(outcome: Outcome, joinedAtMs: number, nowMs: number): void {
    switch (outcome) {
      case "answered":
        this.#state = "in";
        this.#backOffMs = 0;
        this.#lossesInARow = 0;
        break;
      case "connect-failed":
        if (nowMs - joinedAtMs >= graceMs) this.#eject(nowMs);
        else if (this.#state === "on-trial") this.#state = "out";
        break;
      case "lost":
      case "timed-out":
        this.#lossesInARow += 1;
        if (this.#lossesInARow >= maxLossesInARow || this.#state === "on-trial") this.#eject(nowMs);
        break;
      case "cancelled":
        // Says nothing: the next call tries again.
        if (this.#state === "on-trial") this.#state = "out";
        break;
    }
  }

  /** Calls that were under way when it was ejected fail as well; they don't prolong it. */
  #eject(nowMs: number): void {
    if (this.#state === "out") return;
    this.#state = "out";
    this.#backOffMs = Math.min(Math.max(this.#backOffMs * 2, firstBackOffMs), maxBackOffMs);
    this.#outUntilMs = nowMs + this.#backOffMs;
  }
}
