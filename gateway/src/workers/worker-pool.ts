import cluster from "node:cluster";
import { fileURLToPath } from "node:url";
import type { GatewayConfig } from "../config.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { Listener } from "../data-plane/http/listen.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Begin, Observed } from "./messages.ts";
import { WorkerHandle, type WorkerListening } from "./worker-handle.ts";

export interface WorkerPoolOptions {
  readonly config: GatewayConfig;
  readonly snapshot: Snapshot;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly interest: ((serviceName: string) => void) | undefined;
}

/** The processes that serve calls; this one, the primary, tells them what to serve and starts others for those that die. */
export interface WorkerPool {
  /** Resolves once all of them listen on `port`, which is not 0; rejects when one can't. */
  listen(where: Pick<Begin, "controlSocket" | "adminAddress"> & { readonly port: number }): Promise<WorkerListening>;
  /** Where they listen; `undefined`: they don't yet. */
  readonly address: Listener["address"] | undefined;
  /** Resolves once all of them serve what was published so far. */
  published(): Promise<void>;
  /** Of those that answer in time, as prom-client's registries give them. */
  metrics(): Promise<object[][]>;
  /** Of each instance, what all of them together saw; in the order of the IDs. */
  observed(instanceIds: readonly string[]): Promise<readonly Observed[]>;
  /** Lets them finish their calls and end; those that have not by `drainMs` are ended. */
  close(drainMs: number): Promise<void>;
}

/** Doubled with each worker that dies young. */
const firstRestartMs = 100;
const longestRestartMs = 5_000;
const youngMs = 10_000;
/** To end by itself after its last call. */
const endingMs = 1_000;

/** Node runs no TypeScript: from source, as tests run, the worker is the built one. */
const workerFile = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../dist/workers/worker.js" : "./worker.js", import.meta.url),
);

export function createWorkerPool({ config, snapshot, clock, logger, interest }: WorkerPoolOptions): WorkerPool {
  const workers = new Set<WorkerHandle>();
  let listening: WorkerListening | undefined;
  let restartMs = firstRestartMs;
  let onAllGone: (() => void) | undefined;
  let closing = false;

  snapshot.onPublish((changes) => {
    for (const worker of workers) worker.publish(changes);
  });

  async function start(begin: Begin): Promise<WorkerListening> {
    cluster.setupPrimary({ exec: workerFile, args: [], serialization: "advanced" });
    const startedAtMs = clock.monotonicMs();
    const worker = new WorkerHandle(cluster.fork(), clock, {
      onExit(code, signal) {
        workers.delete(worker);
        if (workers.size === 0) onAllGone?.();
        if (closing || listening === undefined) return;
        restartMs = clock.monotonicMs() - startedAtMs < youngMs ? Math.min(restartMs * 2, longestRestartMs) : firstRestartMs;
        logger.error({ worker: worker.pid, code, signal, restartMs }, "a worker ended; another takes its place");
        clock.after(restartMs, () => fill(begin));
      },
      onInterest(services) {
        for (const service of services) interest?.(service);
      },
      onStuck() {
        logger.error({ worker: worker.pid }, "a worker does not answer and is ended");
        worker.kill();
      },
    });
    workers.add(worker);
    return worker.start(begin, snapshot);
  }

  /** Starts as many as there are too few. */
  function fill(begin: Begin): void {
    for (let missing = config.workers - workers.size; missing > 0 && !closing; missing--) {
      start(begin).catch((error: unknown) => {
        logger.error({ err: error }, "a worker could not be started");
        clock.after(longestRestartMs, () => fill(begin));
      });
    }
  }

  return {
    get address() {
      return listening?.address;
    },

    async listen({ port, controlSocket, adminAddress }) {
      const begin: Begin = { config: { ...config, port }, controlSocket, adminAddress, tellsInterest: interest !== undefined };
      const [first] = await Promise.all(Array.from({ length: config.workers }, () => start(begin)));
      listening = first!;
      // One may have ended while the others began.
      fill(begin);
      return listening;
    },

    async published() {
      await Promise.all([...workers].map((worker) => worker.published()));
    },

    async metrics() {
      const figures = await Promise.all([...workers].map((worker) => worker.metrics()));
      return figures.filter((each) => each !== undefined);
    },

    async observed(instanceIds) {
      const seen = await Promise.all([...workers].map((worker) => worker.observed(instanceIds)));
      return instanceIds.map((_, index) => together(seen.flatMap((each) => each?.[index] ?? [])));
    },

    async close(drainMs) {
      closing = true;
      if (workers.size === 0) return;
      const allGone = new Promise<void>((resolve) => {
        onAllGone = resolve;
      });
      for (const worker of workers) worker.drain();
      const cutOff = setTimeout(() => {
        for (const worker of workers) worker.kill();
      }, drainMs + endingMs);
      await allGone;
      clearTimeout(cutOff);
    },
  };
}

function together(seen: readonly Observed[]): Observed {
  const state = (["connected", "failing"] as const).find((wanted) => seen.some(({ state }) => state === wanted)) ?? "idle";
  const inFlight = seen.reduce((sum, each) => sum + each.inFlight, 0);
  const dialect = seen.find((each) => each.dialect !== undefined)?.dialect;
  return { state, inFlight, ...(dialect && { dialect }) };
}
