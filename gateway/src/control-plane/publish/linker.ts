import { Worker } from "node:worker_threads";
import type { IdlFiles, IdlLimits, IdlResult } from "@thriftgate/thrift";
import { GatewayError } from "../../core/errors.ts";

export interface LinkJob {
  readonly files: IdlFiles;
  readonly mainFile: string;
  readonly limits: Partial<IdlLimits>;
}

/** Links IDL in a thread of its own, so that no call waits for it. */
export interface Linker {
  /** @throws {GatewayError} IDL_LIMIT over the bounds of time or memory, OVERLOADED, INTERNAL */
  link(files: IdlFiles, mainFile: string): Promise<IdlResult>;
  /** What is not done yet is refused with OVERLOADED. */
  close(): Promise<void>;
}

/** 1 MiB of IDL takes a tenth of a second; the rest is for a machine under load. */
const JOB_TIMEOUT_MS = 10_000;
/** 2,000 types take a fifth of it. */
const MAX_HEAP_MB = 256;
/** More waiting than this means that nobody will get an answer in time. */
const MAX_WAITING_JOBS = 1_000;

interface PendingJob {
  readonly job: LinkJob;
  resolve(result: IdlResult): void;
  reject(error: GatewayError): void;
}

/** Node runs no TypeScript: from source, as tests run, the worker is the built one. */
const workerUrl = new URL(
  import.meta.url.endsWith(".ts") ? "../../../dist/control-plane/publish/link-worker.js" : "./link-worker.js",
  import.meta.url,
);

/** One job at a time, so that it is known whose job a dead worker had; the worker lives on between jobs and keeps no process alive. */
export function createLinker(
  limits: Partial<IdlLimits>,
  { jobTimeoutMs = JOB_TIMEOUT_MS, maxHeapMb = MAX_HEAP_MB } = {},
): Linker {
  const waiting: PendingJob[] = [];
  let worker: Worker | undefined;
  let active: PendingJob | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function startWorker(): Worker {
    const started = new Worker(workerUrl, { resourceLimits: { maxOldGenerationSizeMb: maxHeapMb }, execArgv: [], env: {} });
    started.on("message", (result: IdlResult) => {
      if (started === worker) finish((job) => job.resolve(result));
    });
    started.on("error", (cause: NodeJS.ErrnoException) => {
      if (started === worker) abandon(workerFault(cause));
    });
    started.on("exit", () => {
      if (started === worker) abandon(internal(new Error("the link worker exited")));
    });
    return started;
  }

  function next(): void {
    if (active || waiting.length === 0) return;
    active = waiting.shift()!;
    worker ??= startWorker();
    worker.ref();
    timer = setTimeout(() => abandon(tooCostly(new Error("time bound"))), jobTimeoutMs);
    worker.postMessage(active.job);
  }

  function finish(settle: (job: PendingJob) => void): void {
    clearTimeout(timer);
    worker?.unref();
    const job = active;
    active = undefined;
    if (job) settle(job);
    next();
  }

  /** Gives up the worker, and with it the job that it has; the next job gets a new one. */
  function abandon(error: GatewayError): void {
    const lost = worker;
    worker = undefined;
    void lost?.terminate();
    finish((job) => job.reject(error));
  }

  return {
    link(files, mainFile) {
      return new Promise((resolve, reject) => {
        if (closed) {
          reject(overloaded("The gateway is stopping."));
        } else if (waiting.length >= MAX_WAITING_JOBS) {
          reject(overloaded("Too many registrations at once."));
        } else {
          waiting.push({ job: { files, mainFile, limits }, resolve, reject });
          next();
        }
      });
    },

    async close() {
      closed = true;
      const stopping = overloaded("The gateway is stopping.");
      for (const job of waiting.splice(0)) job.reject(stopping);
      const last = worker;
      worker = undefined;
      finish((job) => job.reject(stopping));
      await last?.terminate();
    },
  };
}

function tooCostly(cause: Error): GatewayError {
  return new GatewayError("IDL_LIMIT", "Linking this IDL takes more time or memory than is granted to one service.", { cause });
}

/** What a process lacks when no thread can be started in it, and may have again soon. */
const SHORTAGES: ReadonlySet<string | undefined> = new Set(["ERR_WORKER_INIT_FAILED", "EMFILE", "ENFILE"]);

function workerFault(cause: NodeJS.ErrnoException): GatewayError {
  if (cause.code === "ERR_WORKER_OUT_OF_MEMORY") return tooCostly(cause);
  return SHORTAGES.has(cause.code) ? overloaded("The gateway has no files or threads left.", cause) : internal(cause);
}

function internal(cause: Error): GatewayError {
  return new GatewayError("INTERNAL", "Linking the IDL failed.", { cause });
}

function overloaded(detail: string, cause?: Error): GatewayError {
  return new GatewayError("OVERLOADED", detail, { headers: { "retry-after": "1" }, ...(cause && { cause }) });
}
