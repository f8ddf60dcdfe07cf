import { Pool } from "undici";
import type { Clock } from "../../core/clock.ts";

export interface ConsulClientOptions {
  /** `http://host:port` or `https://host:port` of each agent, tried in turn. */
  readonly urls: readonly string[];
  readonly clock: Clock;
  /** Bound of a request that does not wait for a change. */
  readonly timeoutMs: number;
  /** Connections to each agent for queries that wait. */
  readonly maxWatchConnections: number;
  readonly token?: string | undefined;
  readonly tls?: ConsulTls | undefined;
}

/** PEM texts. */
export interface ConsulTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** What the agent's certificate is for, where it is not the address: `server.dc1.consul`. */
  readonly serverName?: string | undefined;
}

export interface ConsulAgent {
  readonly url: string;
  /** Resolves to `undefined` on 200, to Consul's own words on any other status. @throws when there is no answer in time */
  put(path: string, body?: unknown): Promise<ConsulRefusal | undefined>;
}

export interface ConsulRefusal {
  readonly status: number;
  readonly reason: string;
}

export interface ConsulAnswer {
  readonly json: unknown;
  /** Where the next query goes on; 0: the answer has none. */
  readonly index: number;
  /** Some of it was left out for want of rights; Consul says so since 1.11. */
  readonly isFiltered: boolean;
}

interface ConsulQuery {
  /** How long Consul may hold the query; none: it answers at once. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

export class ConsulError extends Error {
  override readonly name = "ConsulError";
  readonly status: number;
  constructor(refusal: ConsulRefusal) {
    super(`Consul answered ${refusal.status}: ${refusal.reason}`);
    this.status = refusal.status;
  }
}

export interface ConsulClient {
  /** Reads from the agent that answered last; when it fails, the next query goes to the next one. */
  get(path: string, query?: ConsulQuery): Promise<ConsulAnswer>;
  /** Every agent, in the order in which to try: `first`, the one that answered last, those that failed just now at the end. */
  inTurn(first?: ConsulAgent): readonly ConsulAgent[];
  close(): Promise<void>;
}

/** For everything that does not wait, beats and registrations above all. */
const MAX_CALL_CONNECTIONS = 16;
/** A catalog of 20,000 instances. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_REASON_LENGTH = 300;
/** So long an agent that failed is tried after the others. */
const FAILED_MS = 2_000;
/** Consul adds up to a sixteenth, so that queries do not all end at once. */
const WAIT_SPREAD = 17 / 16;
const WAIT_SLACK_MS = 5_000;

interface Agent extends ConsulAgent {
  readonly calls: Pool;
  readonly watches: Pool;
  failedAtMs: number;
}

interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

export function createConsulClient(options: ConsulClientOptions): ConsulClient {
  const { clock, timeoutMs, token } = options;
  const headers = token === undefined ? {} : { "x-consul-token": token };
  const agents = options.urls.map(createAgent);
  let current = 0;

  function createPool(url: string, connections: number): Pool {
    const { serverName: servername, ...tls } = options.tls ?? {};
    // Deadlines are ours: a query that waits has nothing to say for a while.
    return new Pool(url, {
      connections,
      connect: { ...tls, servername, timeout: timeoutMs },
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: MAX_ANSWER_BYTES,
    });
  }

  function createAgent(url: string): Agent {
    const agent: Agent = {
      url,
      calls: createPool(url, MAX_CALL_CONNECTIONS),
      watches: createPool(url, options.maxWatchConnections),
      failedAtMs: Number.NEGATIVE_INFINITY,
      async put(path, body) {
        const payload = body === undefined ? null : JSON.stringify(body);
        const { status, text } = await send(agent, agent.calls, "PUT", path, payload, timeoutMs);
        return status === 200 ? undefined : refusalOf(status, text);
      },
    };
    return agent;
  }

  async function send(
    agent: Agent,
    pool: Pool,
    method: "GET" | "PUT",
    path: string,
    body: string | null,
    deadlineMs: number,
    signal?: AbortSignal,
  ): Promise<Reply> {
    const aborter = new AbortController();
    const abort = () => aborter.abort(signal?.reason);
    const cancel = clock.after(deadlineMs, () => aborter.abort(new Error(`Consul did not answer within ${deadlineMs} ms`)));
    signal?.addEventListener("abort", abort);
    try {
      const reply = await pool.request({ method, path, body, headers, signal: aborter.signal });
      const text = await reply.body.text();
      if (reply.statusCode < 500) agent.failedAtMs = Number.NEGATIVE_INFINITY;
      return { status: reply.statusCode, headers: reply.headers, text };
    } catch (error) {
      if (!signal?.aborted) failed(agent);
      throw error;
    } finally {
      cancel();
      signal?.removeEventListener("abort", abort);
    }
  }

  function failed(agent: Agent): void {
    agent.failedAtMs = clock.monotonicMs();
    if (agents[current] === agent) current = (current + 1) % agents.length;
  }

  return {
    async get(path, { waitMs, signal } = {}) {
      const agent = agents[current]!;
      const pool = waitMs === undefined ? agent.calls : agent.watches;
      const deadlineMs = waitMs === undefined ? timeoutMs : waitMs * WAIT_SPREAD + WAIT_SLACK_MS;
      const reply = await send(agent, pool, "GET", path, null, deadlineMs, signal);
      try {
        if (reply.status !== 200) throw new ConsulError(refusalOf(reply.status, reply.text));
        const index = Number(reply.headers["x-consul-index"] ?? 0);
        if (!Number.isSafeInteger(index) || index < 0) throw new Error("Consul answered with an index that is no number");
        const isFiltered = reply.headers["x-consul-results-filtered-by-acls"] === "true";
        return { json: JSON.parse(reply.text) as unknown, index, isFiltered };
      } catch (error) {
        // Another agent may have its leader; what rights a token has is the same everywhere.
        if (reply.status !== 403) failed(agent);
        throw error;
      }
    },

    inTurn(first) {
      const sinceMs = clock.monotonicMs() - FAILED_MS;
      const order = [...agents.slice(current), ...agents.slice(0, current)];
      const rank = (agent: Agent) => (agent.failedAtMs > sinceMs ? 2 : agent === first ? 0 : 1);
      return order.sort((a, b) => rank(a) - rank(b));
    },

    async close() {
      await Promise.all(agents.flatMap(({ calls, watches }) => [calls.destroy(), watches.destroy()]));
    },
  };
}

/** Consul's words may be a page of HTML from a proxy in between; they are for the log alone. */
function refusalOf(status: number, text: string): ConsulRefusal {
  return { status, reason: text.trim().slice(0, MAX_REASON_LENGTH) };
}
