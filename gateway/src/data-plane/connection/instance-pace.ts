/** A method is slow where it takes both so long and so many times as long as the swiftest one. */
const slowFromMs = 2;
const slowFactor = 4;
/** What the newest call counts, so that a method that was slow once is not for long. */
const newestShare = 0.2;

/** What one call of a method takes there; 0: not known. */
export interface MethodPace {
  ms: number;
}

/** How quickly an instance answers, as its replies tell. Of an instance that answers in order, each call takes the time since the reply before. */
export class InstancePace {
  readonly #methods = new Map<string, MethodPace>();
  #swiftest: MethodPace | undefined;
  /** A reply overtook another: a slow call holds up no others. */
  answersOutOfOrder: boolean = false;

  of(methodName: string): MethodPace {
    let pace = this.#methods.get(methodName);
    if (pace === undefined) {
      pace = { ms: 0 };
      this.#methods.set(methodName, pace);
    }
    return pace;
  }

  note(pace: MethodPace, ms: number): void {
    pace.ms = pace.ms === 0 ? ms : pace.ms + (ms - pace.ms) * newestShare;
    if (this.#swiftest === undefined || pace.ms < this.#swiftest.ms) this.#swiftest = pace;
  }

  /** Would calls of other methods, behind it on a connection, wait much longer than they take? */
  isSlow(pace: MethodPace): boolean {
    // None yet, although a call was noted: by a connection from before the instance joined again.
    if (pace.ms < slowFromMs || this.answersOutOfOrder || this.#swiftest === undefined) return false;
    return pace.ms > slowFactor * this.#swiftest.ms;
  }
}
