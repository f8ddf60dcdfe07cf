import { connect, type Socket } from "node:net";
import { percentile } from "../run/statistics.ts";
import type { PacedProtocol } from "./protocol.ts";

export interface Pace {
  readonly port: number;
  readonly callsPerSecond: number;
  readonly connections: number;
  /** Calls of this time count for nothing. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface PacedResult {
  readonly calls: number;
  readonly wrong: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** One caller: at most one call under way. */
interface Caller {
  readonly socket: Socket;
  dueMs: number;
  received: Buffer;
}

const nothing = Buffer.alloc(0);

/**
 * Calls at a constant rate, whatever the answers take: each latency is counted from the moment at which its call was due, so that
 * one slow answer shows in all the calls that it held up. Never sleeps, since timers are no finer than a millisecond.
 */
export async function applyPacedLoad(protocol: PacedProtocol, pace: Pace): Promise<PacedResult> {
  const callers = await Promise.all(Array.from({ length: pace.connections }, () => openCaller(pace.port)));
  try {
    return await new Promise((resolve, reject) => new PacedRun(protocol, pace, callers, resolve, reject).begin());
  } finally {
    for (const { socket } of callers) socket.destroy();
  }
}

function openCaller(port: number): Promise<Caller> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => resolve({ socket, dueMs: 0, received: nothing }));
    socket.once("error", reject);
  });
}

class PacedRun {
  readonly #protocol: PacedProtocol;
  readonly #gapMs: number;
  readonly #total: number;
  readonly #uncounted: number;
  readonly #idle: Caller[];
  readonly #latencies: Float64Array;
  readonly #resolve: (result: PacedResult) => void;
  #startMs = 0;
  #sent = 0;
  #answered = 0;
  #wrong = 0;

  constructor(
    protocol: PacedProtocol,
    { callsPerSecond, warmUpSeconds, seconds }: Pace,
    callers: readonly Caller[],
    resolve: (result: PacedResult) => void,
    reject: (error: Error) => void,
  ) {
    this.#protocol = protocol;
    this.#gapMs = 1_000 / callsPerSecond;
    this.#uncounted = Math.floor(warmUpSeconds * callsPerSecond);
    this.#total = this.#uncounted + Math.floor(seconds * callsPerSecond);
    this.#latencies = new Float64Array(this.#total);
    this.#idle = [...callers];
    this.#resolve = resolve;
    for (const caller of callers) {
      caller.socket.on("data", (chunk) => this.#onData(caller, chunk));
      caller.socket.on("close", () => this.#answered < this.#total && reject(new Error("a connection was closed")));
    }
  }

  begin(): void {
    this.#startMs = performance.now();
    this.#turn();
  }

  /** Sends what is due and has a caller; what is due and has none is sent later, and is late from now on. */
  #turn(): void {
    if (this.#answered === this.#total) return;
    const now = performance.now();
    for (let due = this.#nextDueMs(); due <= now && this.#sent < this.#total; due = this.#nextDueMs()) {
      // The one that has waited longest: a server closes connections that are never used.
      const caller = this.#idle.shift();
      if (caller === undefined) break;
      this.#sent += 1;
      caller.dueMs = due;
      caller.socket.write(this.#protocol.request);
    }
    setImmediate(() => this.#turn());
  }

  #nextDueMs(): number {
    return this.#startMs + this.#sent * this.#gapMs;
  }

  #onData(caller: Caller, chunk: Buffer): void {
    const bytes = caller.received.length === 0 ? chunk : Buffer.concat([caller.received, chunk]);
    const length = this.#protocol.answerLength(bytes);
    caller.received = bytes;
    if (length === undefined || bytes.length < length) return;
    this.#latencies[this.#answered] = performance.now() - caller.dueMs;
    this.#answered += 1;
    if (bytes.length > length || !this.#protocol.isRight(bytes)) this.#wrong += 1;
    caller.received = nothing;
    this.#idle.push(caller);
    if (this.#answered === this.#total) this.#end();
  }

  #end(): void {
    const counted = this.#latencies.subarray(this.#uncounted).sort();
    const at = (share: number) => percentile(counted, share);
    this.#resolve({ calls: counted.length, wrong: this.#wrong, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) });
  }
}
