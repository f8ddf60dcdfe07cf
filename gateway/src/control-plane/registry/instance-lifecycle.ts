import { isDeepStrictEqual } from "node:util";
import type { InstanceRecord, RegisteredInstance } from "./registry.ts";

export interface LifecycleTimes {
  /** Without a beat for so long: critical. */
  readonly timeToLiveMs: number;
  /** Critical for so long: removed. */
  readonly timeToDieMs: number;
  /** Removed for so long: forgotten. */
  readonly rememberMs: number;
}

export interface LifecycleEvents {
  /** The service's list is another one now. */
  listChanged(serviceName: string): void;
  /** What has to outlive a restart is another now: a record, whether it was removed, or that it is gone. */
  recordChanged(serverId: string): void;
}

type State = "passing" | "critical" | "removed";

interface Entry {
  readonly record: InstanceRecord;
  readonly state: State;
  /** Of the last beat when passing, else of the entry into its state; monotonic. */
  readonly sinceMs: number;
}

/** As many as may be connected at once; whoever makes up addresses pushes out its own service's alone. */
const maxRememberedPerService = 1_000;

const nextState = { passing: "critical", critical: "removed" } as const;

export type InstanceLifecycle = ReturnType<typeof createInstanceLifecycle>;

/** The states of all instances, in memory. It has no clock: every call says what time it is. */
export function createInstanceLifecycle(times: LifecycleTimes, events: LifecycleEvents) {
  const durationMs = { passing: times.timeToLiveMs, critical: times.timeToDieMs, removed: times.rememberMs };
  // Time in a state is the same for all, so the order of insertion is the order in which they fall due.
  const queues: Record<State, Map<string, Entry>> = { passing: new Map(), critical: new Map(), removed: new Map() };
  const services = new Map<string, { readonly live: Map<string, RegisteredInstance>; readonly removed: Set<string> }>();

  function entryOf(serverId: string): Entry | undefined {
    return queues.passing.get(serverId) ?? queues.critical.get(serverId) ?? queues.removed.get(serverId);
  }

  function serviceOf({ serviceName }: InstanceRecord) {
    const service = services.get(serviceName) ?? { live: new Map(), removed: new Set() };
    services.set(serviceName, service);
    return service;
  }

  function enter(record: InstanceRecord, state: State, sinceMs: number): void {
    const { serverId } = record;
    const before = entryOf(serverId);
    if (before) queues[before.state].delete(serverId);
    queues[state].set(serverId, { record, state, sinceMs });
    if (before?.state === state && before.record === record) return;

    const { live, removed } = serviceOf(record);
    if (state === "removed") {
      live.delete(serverId);
      removed.add(serverId);
    } else {
      removed.delete(serverId);
      live.set(serverId, { ...record, health: state });
    }
    events.listChanged(record.serviceName);
    if (before?.record !== record || before.state === "removed" || state === "removed") events.recordChanged(serverId);
    if (removed.size > maxRememberedPerService) forget(first(removed)!);
  }

  function forget(serverId: string): boolean {
    const entry = entryOf(serverId);
    if (!entry) return false;
    const { serviceName } = entry.record;
    const service = serviceOf(entry.record);
    queues[entry.state].delete(serverId);
    service.removed.delete(serverId);
    if (service.live.delete(serverId)) events.listChanged(serviceName);
    if (service.live.size + service.removed.size === 0) services.delete(serviceName);
    events.recordChanged(serverId);
    return true;
  }

  return {
    join(record: InstanceRecord, nowMs: number): void {
      const before = entryOf(record.serverId)?.record;
      if (before && before.serviceName !== record.serviceName) forget(record.serverId);
      enter(isDeepStrictEqual(before, record) ? before! : structuredClone(record), "passing", nowMs);
    },
    beat(serverId: string, nowMs: number): boolean {
      const entry = entryOf(serverId);
      if (entry) enter(entry.record, "passing", nowMs);
      return entry !== undefined;
    },
    /** It is critical by another's judgement, from now on unless it was before; what was removed stays so. */
    fail(record: InstanceRecord, nowMs: number): void {
      const before = entryOf(record.serverId);
      if (before && before.state !== "passing") return;
      enter(isDeepStrictEqual(before?.record, record) ? before!.record : structuredClone(record), "critical", nowMs);
    },
    leave: forget,
    /** What was stored before a restart; `removedForMs` of those that were removed, the longest first. */
    restore(record: InstanceRecord, nowMs: number, removedForMs: number | undefined): void {
      if (removedForMs === undefined) enter(record, "passing", nowMs);
      else enter(record, "removed", nowMs - removedForMs);
    },
    find: (serverId: string): InstanceRecord | undefined => entryOf(serverId)?.record,
    removedSinceMs: (serverId: string): number | undefined => queues.removed.get(serverId)?.sinceMs,
    /** In the order in which they joined. */
    list: (serviceName: string): readonly RegisteredInstance[] => [...(services.get(serviceName)?.live.values() ?? [])],
    serviceNames: (): string[] => [...services].filter(([, { live }]) => live.size > 0).map(([name]) => name),
    /** Moves on whatever fell due. What turns critical does so now: after a stall it still has its whole time to die. */
    expire(nowMs: number): void {
      for (const state of ["removed", "critical", "passing"] as const) {
        for (const [serverId, entry] of queues[state]) {
          if (entry.sinceMs + durationMs[state] > nowMs) break;
          if (state === "removed") forget(serverId);
          else enter(entry.record, nextState[state], nowMs);
        }
      }
    },
    /** When the next one falls due. */
    nextDueMs(): number {
      let dueMs = Number.POSITIVE_INFINITY;
      for (const state of ["passing", "critical", "removed"] as const) {
        const entry = first(queues[state].values());
        if (entry) dueMs = Math.min(dueMs, entry.sinceMs + durationMs[state]);
      }
      return dueMs;
    },
  };
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}
