import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import { createTurns } from "../../core/turns.ts";
import { type ConsulTls, createConsulClient } from "./consul-client.ts";
import { createDiscovery, healthPath } from "./consul-discovery.ts";
import { type CatalogInstance, mergeById, parseChecks, parseServiceHealth } from "./consul-record.ts";
import { createRegistrations, unavailable } from "./consul-registrations.ts";
import { createInstanceLifecycle, type LifecycleTimes } from "./instance-lifecycle.ts";
import { createListWatchers } from "./list-watchers.ts";
import { createRegistrationMarks } from "./registration-marks.ts";
import type { InstanceRecord, Registry } from "./registry.ts";

export interface ConsulRegistryOptions extends LifecycleTimes {
  /** Of one agent or several, tried in turn. */
  readonly urls: readonly string[];
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
  readonly token?: string | undefined;
  readonly tls?: ConsulTls | undefined;
  /** For an answer of Consul's. Default: 1.5 s, so that a request that asks two agents in vain is answered within 5 s. */
  readonly timeoutMs?: number | undefined;
  /** Queries for services that are being called. Default: 32, so that four gateways at one address stay below Consul's 200 connections. */
  readonly maxWatchedServices?: number | undefined;
}

const DEFAULT_TIMEOUT_MS = 1_500;
const DEFAULT_MAX_WATCHED_SERVICES = 32;
/** The two queries that wait for changes anywhere. */
const OVERALL_WATCHES = 2;
/** How long the first reading may hold up the start. */
const START_MS = 5_000;
/** What was just written may be missing from an answer that was on its way, or of a server that lags behind. */
const SETTLE_MS = 1_500;
/** Beyond the longest that a registration of which an unreachable agent was not told stays in the catalog. */
const LEFT_SLACK_MS = 60_000;
/** What can be asked for in a filter without being mistaken for a part of it. */
const PLAIN_ID = /^[A-Za-z0-9_.:@[\]-]{1,255}$/;

/**
 * The registry in Consul. What it lists is followed and kept: when it can't be reached, all stays as it was last known; what
 * turns critical, or vanishes without having left and without a beat here, stays `critical` for `timeToDieMs` of our own clock, as a last resort.
 */
export function createConsulRegistry(options: ConsulRegistryOptions): Registry {
  const { clock, logger } = options;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const maxWatchedServices = options.maxWatchedServices ?? DEFAULT_MAX_WATCHED_SERVICES;
  const leftMs = options.timeToLiveMs + options.timeToDieMs + LEFT_SLACK_MS;

  const watchers = createListWatchers(() => lifecycle);
  const client = createConsulClient({ ...options, timeoutMs, maxWatchConnections: maxWatchedServices + OVERALL_WATCHES });
  const registrations = createRegistrations({ ...options, client, leftMs });
  const discovery = createDiscovery({
    client,
    clock,
    maxWatchedServices,
    known: () => lifecycle.serviceNames(),
    onInstances: follow,
    onLeft: (marks) => end(marks),
    onTrouble: (error) => logger?.warn({ err: error }, "Consul can't be read; its last lists are kept"),
    onRecovery: () => logger?.info("Consul can be read again"),
  });
  // Whether a check passes is Consul's to say, so no time makes it critical here.
  const lifecycle = createInstanceLifecycle(
    { ...options, timeToLiveMs: Number.POSITIVE_INFINITY },
    { listChanged: watchers.tell, recordChanged: forgetWithRecord },
  );
  const marks = createRegistrationMarks(leftMs);
  /** When an instance was last written to here. */
  const writtenAtMs = new Map<string, number>();
  /** When an instance was first missing from its service's list. */
  const missedAtMs = new Map<string, number>();
  const refreshes = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  /** What is written of one instance is written in order. */
  const inTurn = createTurns();
  let state: "new" | "open" | "closed" = "new";
  let cancelTimer = (): void => {};
  let timerDueMs = Number.POSITIVE_INFINITY;
  let hasExplainedGaps = false;

  function assertOpen(): void {
    if (state !== "open") throw unavailable(new Error("The registry is not open."));
  }

  function forgetWithRecord(serverId: string): void {
    if (lifecycle.find(serverId)) return;
    marks.forget(serverId);
    writtenAtMs.delete(serverId);
    missedAtMs.delete(serverId);
    registrations.forget(serverId);
  }

  /** One timer for what turns from critical to removed, and from removed to forgotten. */
  function arm(): void {
    const dueMs = lifecycle.nextDueMs();
    if (dueMs >= timerDueMs) return;
    cancelTimer();
    timerDueMs = dueMs;
    cancelTimer = clock.after(dueMs - clock.monotonicMs(), () => {
      timerDueMs = Number.POSITIVE_INFINITY;
      lifecycle.expire(clock.monotonicMs());
      arm();
    });
  }

  /** What Consul lists of a service now. */
  function follow(serviceName: string, listed: readonly CatalogInstance[], isComplete: boolean): void {
    const nowMs = clock.monotonicMs();
    const isUnsettled = (serverId: string) => (writtenAtMs.get(serverId) ?? Number.NEGATIVE_INFINITY) + SETTLE_MS > nowMs;
    const present = new Set<string>();
    let mustSettle = false;
    for (const { record, health, mark } of mergeById(listed.filter((instance) => !marks.hasEnded(instance.mark)))) {
      const { serverId } = record;
      present.add(serverId);
      missedAtMs.delete(serverId);
      if (isUnsettled(serverId) && (health === "critical" || mark !== marks.of(serverId))) {
        mustSettle = true;
        continue;
      }
      if (health === "passing") lifecycle.join(record, nowMs);
      else lifecycle.fail(record, nowMs);
      marks.set(serverId, mark);
    }
    for (const { health: _, ...record } of lifecycle.list(serviceName)) {
      const { serverId } = record;
      if (present.has(serverId)) continue;
      const restMs = provenUntilMs(serverId) - nowMs;
      if (marks.hasEnded(marks.of(serverId) ?? "")) lifecycle.leave(serverId);
      else if (isUnsettled(serverId) || !isMissedLongEnough(serverId)) mustSettle = true;
      else if (!isComplete) continue;
      else if (restMs <= 0) lifecycle.fail(record, nowMs);
      else {
        explainGaps();
        refreshIn(serviceName, restMs);
      }
    }
    if (!isComplete) explainGaps();
    if (mustSettle) refreshIn(serviceName, SETTLE_MS);
    arm();
  }

  /** That it left may be told a little later than that it is gone. */
  function isMissedLongEnough(serverId: string): boolean {
    const nowMs = clock.monotonicMs();
    const sinceMs = missedAtMs.get(serverId) ?? nowMs;
    missedAtMs.set(serverId, sinceMs);
    return sinceMs + SETTLE_MS <= nowMs;
  }

  /** An agent knew it at its last beat here, whatever the catalog says. */
  function provenUntilMs(serverId: string): number {
    return (writtenAtMs.get(serverId) ?? Number.NEGATIVE_INFINITY) + options.timeToLiveMs;
  }

  /** Consul before 1.11 leaves out what a token may not see without a word. */
  function explainGaps(): void {
    if (hasExplainedGaps) return;
    hasExplainedGaps = true;
    logger?.warn(
      "Consul does not list instances that beat: it lost its state, or the token lacks service:read or node:read, or the agent's own token service:write",
    );
  }

  function refreshIn(serviceName: string, delayMs: number): void {
    const dueMs = clock.monotonicMs() + delayMs;
    if ((refreshes.get(serviceName)?.dueMs ?? Number.POSITIVE_INFINITY) <= dueMs) return;
    refreshes.get(serviceName)?.cancel();
    const cancel = clock.after(delayMs, () => {
      refreshes.delete(serviceName);
      discovery.refresh(serviceName);
    });
    refreshes.set(serviceName, { dueMs, cancel });
  }

  function end(ended: readonly string[]): void {
    const nowMs = clock.monotonicMs();
    for (const mark of ended) {
      marks.end(mark, nowMs);
      const serverId = marks.ownerOf(mark);
      const serviceName = serverId === undefined ? undefined : lifecycle.find(serverId)?.serviceName;
      if (serviceName === undefined) continue;
      lifecycle.leave(serverId!);
      // It may have joined again elsewhere.
      discovery.refresh(serviceName);
    }
  }

  function written(record: InstanceRecord, mark: string | undefined): void {
    const { serverId } = record;
    if (state !== "open") return;
    const nowMs = clock.monotonicMs();
    lifecycle.join(record, nowMs);
    if (mark !== undefined) marks.set(serverId, mark);
    writtenAtMs.set(serverId, nowMs);
    arm();
  }

  /** One that joined at another gateway just now, or before this one started. */
  async function lookUp(serverId: string): Promise<InstanceRecord | undefined> {
    if (!PLAIN_ID.test(serverId)) return undefined;
    try {
      const filter = encodeURIComponent(`ServiceID == "${serverId}"`);
      const { json } = await client.get(`/v1/health/state/any?filter=${filter}`);
      // Once more, since the filter is the agent's.
      for (const { serviceName } of parseChecks(json).filter(({ serviceId }) => serviceId === serverId)) {
        const answer = await client.get(healthPath(serviceName));
        if (state === "open") follow(serviceName, parseServiceHealth(serviceName, answer.json), !answer.isFiltered);
      }
    } catch (cause) {
      throw unavailable(cause);
    }
    return lifecycle.find(serverId);
  }

  const known = async (serverId: string) => lifecycle.find(serverId) ?? (await lookUp(serverId));

  /** Of all registrations of the ID that Consul has, perhaps of several agents. */
  async function currentMarks({ serverId, serviceName }: InstanceRecord): Promise<Set<string>> {
    const found = new Set<string>();
    const mark = marks.of(serverId);
    if (mark !== undefined) found.add(mark);
    try {
      const { json } = await client.get(healthPath(serviceName));
      for (const instance of parseServiceHealth(serviceName, json)) {
        if (instance.record.serverId === serverId) found.add(instance.mark);
      }
    } catch {
      // What is known here will do; if Consul is gone, the deregistration will say so.
    }
    return found;
  }

  return {
    async open() {
      state = "open";
      await discovery.start(START_MS);
    },

    async join(record) {
      assertOpen();
      const own = structuredClone(record);
      await inTurn(own.serverId, async () => written(own, await registrations.register(own)));
    },

    async beat(serverId) {
      assertOpen();
      return inTurn(serverId, async () => {
        const record = await known(serverId);
        if (!record) return false;
        written(record, await registrations.pass(record));
        return true;
      });
    },

    async leave(serverId) {
      assertOpen();
      return inTurn(serverId, async () => {
        const record = await known(serverId);
        if (!record) return false;
        const ended = [...(await currentMarks(record))];
        await registrations.deregister(serverId, ended);
        end(ended);
        lifecycle.leave(serverId);
        return true;
      });
    },

    async find(serverId) {
      assertOpen();
      return known(serverId);
    },

    watch: watchers.watch,
    interest: discovery.interest,
    ageMs: discovery.ageMs,

    async ping() {
      assertOpen();
      if (discovery.trouble !== undefined) throw unavailable(discovery.trouble);
      const { json } = await client.get("/v1/status/leader").catch((cause: unknown) => Promise.reject(unavailable(cause)));
      if (json === "") throw unavailable(new Error("Consul has no leader"));
    },

    async close() {
      if (state === "closed") return;
      state = "closed";
      watchers.clear();
      cancelTimer();
      for (const { cancel } of refreshes.values()) cancel();
      discovery.stop();
      registrations.close();
      await client.close();
    },
  };
}
