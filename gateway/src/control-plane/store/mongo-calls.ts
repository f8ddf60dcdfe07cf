import type { Clock } from "../../core/clock.ts";
import { GatewayError } from "../../core/errors.ts";
import { createTurns } from "../../core/turns.ts";

/** Of the faults of a server that is going or has just gone; another one, or the same one later, will answer. */
const TRANSIENT_CODES: ReadonlySet<unknown> = new Set([
  6, 7, 64, 89, 91, 189, 262, 9001, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436,
]);
const TRANSIENT_NAMES = /^Mongo(Network|PoolCleared|PoolClosed|NotConnected|ServerClosed)/;
const RETRY_DELAY_MS = 50;

interface CallOptions {
  /** Calls with the same one take turns, in their order. */
  readonly turn?: string;
  /** Default: the store's. */
  readonly timeoutMs?: number;
}

/** Calls of a store that may be slow, hung or gone: each ends within its bound, and is tried again as long as that leaves time. */
export interface BoundedCalls {
  /**
   * `work` begins nothing after its signal was aborted, and may be run several times. What is under way at a server when the
   * bound is reached may still happen there.
   * @throws {GatewayError} STORE_UNAVAILABLE
   */
  run<T>(work: (signal: AbortSignal) => Promise<T>, options?: CallOptions): Promise<T>;
  /** Until all that are under way have ended. */
  drained(): Promise<void>;
}

export function createBoundedCalls(clock: Clock, defaultTimeoutMs: number): BoundedCalls {
  const active = new Set<Promise<unknown>>();
  const inTurn = createTurns();

  async function retrying<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      try {
        return await work(signal);
      } catch (error) {
        if (!isTransient(error)) throw error;
        await new Promise<void>((resolve) => clock.after(RETRY_DELAY_MS, resolve));
      }
    }
  }

  return {
    async run(work, { turn, timeoutMs = defaultTimeoutMs } = {}) {
      const controller = new AbortController();
      const { signal } = controller;
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
      const cancel = clock.after(timeoutMs, () => {
        controller.abort(new GatewayError("STORE_UNAVAILABLE", "The store did not answer in time."));
      });
      // What was given up holds up no turn.
      const attempt = () => Promise.race([retrying(work, signal), aborted]);
      const call = turn === undefined ? attempt() : Promise.race([inTurn(turn, attempt), aborted]);
      active.add(call);
      try {
        return await call;
      } catch (error) {
        throw storeError(error);
      } finally {
        cancel();
        active.delete(call);
      }
    },
    async drained() {
      await Promise.allSettled(active);
    },
  };
}

function isTransient(error: unknown): boolean {
  const { name = "", code } = error as { name?: string; code?: unknown };
  return TRANSIENT_NAMES.test(name) || TRANSIENT_CODES.has(code);
}

/** A TypeError is the calling code's fault, and says so. */
function storeError(error: unknown): unknown {
  if (error instanceof GatewayError || error instanceof TypeError) return error;
  return new GatewayError("STORE_UNAVAILABLE", "The store can't be used now.", { cause: error });
}
