import type { Clock } from "../../core/clock.ts";
import type { ConsulAnswer, ConsulClient } from "./consul-client.ts";

export interface ConsulWatchOptions {
  readonly client: Pick<ConsulClient, "get">;
  readonly clock: Clock;
  /** Of a query that Consul can hold until its answer changes. */
  readonly path: string;
  /** The first answer, and every one that differs from the one before. What it throws counts as a failed query. */
  readonly onAnswer: (answer: ConsulAnswer) => void;
  /** Any answer, also one that is the same as before. */
  readonly onHeard?: () => void;
  /** A query failed, or one that was preceded by a failure did not. */
  readonly onFailure?: (error: unknown) => void;
}

/** So long Consul may hold a query; a hung one is noticed a little later. */
const WAIT_MS = 10_000;
/** Between the starts of two queries, however fast the catalog changes. */
const MIN_GAP_MS = 50;
const FIRST_BACK_OFF_MS = 100;
const MAX_BACK_OFF_MS = 2_000;

/** With jitter, so that gateways that lost the same Consul do not come back in step. */
export function backOffMs(failures: number): number {
  return Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
}

/** Follows one answer of Consul's. Returns what stops it. */
export function watchConsul(options: ConsulWatchOptions): () => void {
  const { client, clock, path, onAnswer } = options;
  const stopper = new AbortController();
  let index = 0;
  let failures = 0;

  async function query(): Promise<void> {
    const answer = await client.get(`${path}?stale&wait=${WAIT_MS}ms&index=${index}`, {
      waitMs: WAIT_MS,
      signal: stopper.signal,
    });
    if (answer.index === 0) throw new Error("Consul answered without an index");
    if (stopper.signal.aborted) return;
    options.onHeard?.();
    if (answer.index === index) return;
    onAnswer(answer);
    // Backwards: other servers, or a state from a backup, which count anew.
    index = answer.index < index ? 0 : answer.index;
  }

  async function run(): Promise<void> {
    while (!stopper.signal.aborted) {
      const startedMs = clock.monotonicMs();
      try {
        await query();
        failures = 0;
        await delay(MIN_GAP_MS - (clock.monotonicMs() - startedMs));
      } catch (error) {
        if (stopper.signal.aborted) return;
        index = 0;
        options.onFailure?.(error);
        await delay(backOffMs(failures++));
      }
    }
  }

  function delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (ms <= 0) return resolve();
      const cancel = clock.after(ms, finish);
      stopper.signal.addEventListener("abort", finish);
      function finish(): void {
        cancel();
        stopper.signal.removeEventListener("abort", finish);
        resolve();
      }
    });
  }

  void run();
  return () => stopper.abort(new Error("the watch was stopped"));
}
