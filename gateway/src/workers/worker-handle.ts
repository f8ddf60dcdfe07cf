import type { Worker } from "node:cluster";
import type { Clock } from "../core/clock.ts";
import type { Listener } from "../data-plane/http/listen.ts";
import type { Snapshot, SnapshotChange } from "../snapshot/snapshot.ts";
import type { Begin, FromWorker, Observed, ToWorker } from "./messages.ts";
import { ChangeSender } from "./sent-changes.ts";

/** A worker that does not say in this time that it serves a change is stuck: longer than any call holds its turn. */
const stuckAfterMs = 10_000;
/** A worker that is busy for so long has no figures to add. */
const answerTimeoutMs = 2_000;

export interface WorkerListening {
  readonly url: string;
  readonly address: Listener["address"];
}

export interface WorkerHandleEvents {
  /** It has gone, by itself or by {@link WorkerHandle.kill}. */
  readonly onExit: (code: number | null, signal: string | null) => void;
  readonly onInterest: (services: readonly string[]) => void;
  readonly onStuck: () => void;
}

interface Wait {
  readonly turn: number;
  readonly resolve: () => void;
}

/** One worker as the primary sees it. */
export class WorkerHandle {
  readonly #worker: Worker;
  readonly #changes = new ChangeSender();
  readonly #events: WorkerHandleEvents;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #questions = new Map<number, (answer: unknown) => void>();
  readonly #listening: Promise<WorkerListening>;
  #settleListening!: { resolve(listening: WorkerListening): void; reject(error: Error): void };
  #state: "loading" | "begun" = "loading";
  #begin: (() => void) | undefined;
  #waits: Wait[] = [];
  #sentTurn = 0;
  #publishedTurn = 0;
  #question = 0;
  #stuckTimer: NodeJS.Timeout | undefined;

  constructor(worker: Worker, clock: Pick<Clock, "monotonicMs">, events: WorkerHandleEvents) {
    this.#worker = worker;
    this.#clock = clock;
    this.#events = events;
    this.#listening = new Promise((resolve, reject) => {
      this.#settleListening = { resolve, reject };
    });
    this.#listening.catch(() => {});
    worker.on("message", (message: FromWorker) => this.#hear(message));
    // One that could not be made a process has no end to tell of.
    worker.on("error", () => {
      if (this.pid === undefined) this.#gone(null, "an error");
    });
    worker.on("exit", (code, signal) => this.#gone(code, signal));
  }

  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  /** Gives it all it serves once it hears, then lets it listen. Rejects when it can't, or goes before it does. */
  start(begin: Begin, snapshot: Pick<Snapshot, "entry" | "names">): Promise<WorkerListening> {
    this.#begin = () => {
      this.#state = "begun";
      this.#tell({ kind: "begin", begin, nowMs: this.#clock.monotonicMs() });
      this.publish([...snapshot.names()].map((name) => [name, snapshot.entry(name)] as const));
      this.#tell({ kind: "listen" });
    };
    return this.#listening;
  }

  publish(changes: readonly SnapshotChange[]): void {
    if (this.#state === "loading") return;
    this.#sentTurn += 1;
    this.#tell({ kind: "publish", turn: this.#sentTurn, changes: this.#changes.send(changes) });
    this.#stuckTimer ??= setTimeout(this.#events.onStuck, stuckAfterMs).unref();
  }

  /** Resolves when it serves all that it was sent so far, or is gone. */
  published(): Promise<void> {
    if (this.#publishedTurn >= this.#sentTurn) return Promise.resolve();
    return new Promise((resolve) => this.#waits.push({ turn: this.#sentTurn, resolve }));
  }

  /** `undefined`: it did not answer in time. */
  metrics(): Promise<object[] | undefined> {
    return this.#ask((question) => ({ kind: "metrics", question })) as Promise<object[] | undefined>;
  }

  /** In the order of the IDs; `undefined`: it did not answer in time. */
  observed(instanceIds: readonly string[]): Promise<readonly Observed[] | undefined> {
    const asked = this.#ask((question) => ({ kind: "observed", question, instanceIds }));
    return asked as Promise<readonly Observed[] | undefined>;
  }

  drain(): void {
    this.#tell({ kind: "drain" });
  }

  kill(): void {
    this.#worker.process.kill("SIGKILL");
  }

  #ask(message: (question: number) => ToWorker): Promise<unknown> {
    this.#question += 1;
    const question = this.#question;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(undefined), answerTimeoutMs).unref();
      const settle = (answer: unknown): void => {
        clearTimeout(timer);
        this.#questions.delete(question);
        resolve(answer);
      };
      this.#questions.set(question, settle);
      this.#tell(message(question));
    });
  }

  #tell(message: ToWorker): void {
    // What can't be sent any more is found out by its exit.
    if (this.#worker.isConnected()) this.#worker.send(message, () => {});
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case "loaded":
        this.#begin?.();
        break;
      case "listening":
        this.#settleListening.resolve(message);
        break;
      case "failed":
        this.#settleListening.reject(new Error(message.message));
        break;
      case "published":
        this.#publishedUpTo(message.turn);
        break;
      case "answer":
        this.#questions.get(message.question)?.(message.answer);
        break;
      case "interest":
        this.#events.onInterest(message.services);
        break;
    }
  }

  #publishedUpTo(turn: number): void {
    this.#publishedTurn = turn;
    clearTimeout(this.#stuckTimer);
    this.#stuckTimer = turn < this.#sentTurn ? setTimeout(this.#events.onStuck, stuckAfterMs).unref() : undefined;
    const reached = this.#waits.filter((wait) => wait.turn <= turn);
    this.#waits = this.#waits.filter((wait) => wait.turn > turn);
    for (const { resolve } of reached) resolve();
  }

  #gone(code: number | null, signal: string | null): void {
    this.#publishedUpTo(Number.POSITIVE_INFINITY);
    for (const settle of [...this.#questions.values()]) settle(undefined);
    this.#settleListening.reject(new Error(`a worker ended with ${signal ?? `code ${code}`} before it served`));
    this.#events.onExit(code, signal);
  }
}
