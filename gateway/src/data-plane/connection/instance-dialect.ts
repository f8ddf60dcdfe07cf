import { Deadline } from "../../core/deadline.ts";
import type { Dialect, Instance } from "../../snapshot/snapshot.ts";
import type { Call, CallCarrier } from "./call.ts";
import { CallList } from "./call-list.ts";
import { timedOut } from "./connection-errors.ts";
import { DialectProbe, type ProbeContext, type ProbeOutcome } from "./dialect-probe.ts";
import type { Search, SearchQueue } from "./search-queue.ts";

/** In the order in which they are tried; the first that is answered counts. A Kitex server, which sniffs, answers the first. */
const candidates = [
  { transport: "framed", protocol: "binary" },
  { transport: "buffered", protocol: "binary" },
  { transport: "framed", protocol: "compact" },
  { transport: "buffered", protocol: "compact" },
  { transport: "header", protocol: "binary" },
] as const satisfies readonly Dialect[];

/** A busy server may need longer for its answer than the first round leaves it; each round leaves twice as much. */
const maxRounds = 3;
/** When no round was answered, calls go by the guess, and one that comes after so long begins another search. */
const searchAgainAfterMs = 10_000;
/** Of one that joined before it listens; each wait is twice as long as the last. */
const firstRetryAfterMs = 500;
const maxRetries = 5;

export interface DialectContext extends ProbeContext {
  /** For searches that no call waits for. */
  readonly searches: SearchQueue;
}

/** Whom the calls go to that waited. */
export interface DialectOwner {
  /** Calls may go. */
  release(call: Call): void;
  /** The dialect is another one than calls were sent in so far. */
  onDialectChanged(): void;
}

/**
 * How an instance speaks: as it declared, or as it answers.
 *
 *     unknown ──► searching ──► guessing ──► known
 *
 * Unknown: a search that no call waits for may be under way. Searching: calls wait, no longer than a connection may take. Guessing: they don't
 * any more, probes may still go on. Only an answer makes it known; an instance that can't be reached is unknown again.
 */
export class InstanceDialect extends Deadline implements CallCarrier, Search {
  readonly #instance: Instance;
  readonly #context: DialectContext;
  readonly #owner: DialectOwner;
  readonly #waiting = new CallList();
  #state: "unknown" | "searching" | "guessing" | "known";
  #dialect: Dialect;
  #probe: DialectProbe | undefined;
  #searchAgainAtMs = 0;
  #retries = 0;

  constructor(instance: Instance, context: DialectContext, owner: DialectOwner) {
    super();
    this.#instance = instance;
    this.#context = context;
    this.#owner = owner;
    this.#dialect = instance.dialect;
    this.#state = instance.dialectIsGuess === true ? "unknown" : "known";
  }

  get current(): Dialect {
    return this.#dialect;
  }

  /** It did not declare it, and answered. */
  get found(): Dialect | undefined {
    return this.#state === "known" && this.#instance.dialectIsGuess === true ? this.#dialect : undefined;
  }

  get isSearching(): boolean {
    return this.#probe !== undefined;
  }

  get waiting(): number {
    return this.#waiting.count;
  }

  /** It joined: finds out before the first call needs it. */
  anticipate(): void {
    if (this.#state === "unknown") this.#context.searches.join(this);
  }

  /** Calls went wrong that were sent in the dialect that was found: the next one begins another search. */
  doubt(): void {
    if (this.found !== undefined) this.#state = "unknown";
  }

  begin(): boolean {
    if (this.#state !== "unknown" || this.#probe !== undefined) return false;
    this.#try(0, 0);
    return true;
  }

  /** Keeps the call until it is known how to send it. `false`: that is known, or guessed, and the call may go. */
  detain(call: Call): boolean {
    if (this.#state === "known") return false;
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#state === "guessing") {
      if (this.#probe === undefined && nowMs >= this.#searchAgainAtMs) this.#try(0, 0);
      return false;
    }
    call.carrier = this;
    this.#waiting.append(call);
    if (this.#state === "unknown") {
      this.#state = "searching";
      this.#context.deadlines.schedule(this, nowMs + this.#context.connectTimeoutMs);
      if (this.#probe === undefined) this.#try(0, 0);
    }
    return true;
  }

  /** Calls that wait go now. */
  stop(): void {
    this.#probe?.stop();
    this.#probe = undefined;
    if (this.#state !== "known") this.#become("unknown");
    this.#context.searches.leave(this);
  }

  /** Calls have waited long enough; or it is time to try again. */
  override onDeadline(): void {
    if (this.#state === "searching") this.#become("guessing");
    else this.anticipate();
  }

  abandon(call: Call): void {
    call.observer = undefined;
    this.#context.deadlines.cancel(call);
    this.#waiting.remove(call);
  }

  expire(call: Call): void {
    const { observer } = call;
    this.abandon(call);
    observer?.onFailure(timedOut(`${this.#instance.address}:${this.#instance.port}`), false);
  }

  #try(round: number, index: number): void {
    const candidate = candidates[index]!;
    const { multiplexed } = this.#instance.dialect;
    const dialect = multiplexed === undefined ? candidate : { ...candidate, multiplexed };
    const patienceMs = (this.#context.connectTimeoutMs / candidates.length) * 2 ** round;
    this.#probe = new DialectProbe(this.#instance, dialect, patienceMs, this.#context, (outcome) =>
      this.#onOutcome(outcome, dialect, round, index),
    );
  }

  #onOutcome(outcome: ProbeOutcome, dialect: Dialect, round: number, index: number): void {
    this.#probe = undefined;
    if (outcome === "answered") this.#find(dialect);
    else if (outcome === "unreachable") this.#tryLater();
    else if (index + 1 < candidates.length) this.#try(round, index + 1);
    else if (round + 1 < maxRounds) this.#try(round + 1, 0);
    else {
      this.#searchAgainAtMs = this.#context.clock.monotonicMs() + searchAgainAfterMs;
      this.#become("guessing");
      this.#context.searches.leave(this);
    }
  }

  #tryLater(): void {
    this.#become("unknown");
    this.#context.searches.leave(this);
    if (this.#retries >= maxRetries) return;
    const { clock, deadlines } = this.#context;
    deadlines.schedule(this, clock.monotonicMs() + firstRetryAfterMs * 2 ** this.#retries);
    this.#retries += 1;
  }

  #find(dialect: Dialect): void {
    const { transport, protocol } = this.#dialect;
    const changed = transport !== dialect.transport || protocol !== dialect.protocol;
    this.#dialect = dialect;
    if (changed) this.#owner.onDialectChanged();
    this.#become("known");
    this.#context.searches.leave(this);
  }

  #become(state: "unknown" | "guessing" | "known"): void {
    this.#state = state;
    this.#context.deadlines.cancel(this);
    for (let call = this.#waiting.oldest; call !== undefined; call = this.#waiting.oldest) {
      this.#waiting.remove(call);
      this.#owner.release(call);
    }
  }
}
