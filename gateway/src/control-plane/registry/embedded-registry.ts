import type { Clock } from "../../core/clock.ts";
import { GatewayError } from "../../core/errors.ts";
import { type Database, openDatabase } from "../store/sqlite-database.ts";
import { createInstanceLifecycle, type InstanceLifecycle, type LifecycleTimes } from "./instance-lifecycle.ts";
import { createInstanceTable, type InstanceTable, registryApplicationId, registryMigrations } from "./instance-table.ts";
import { createListWatchers } from "./list-watchers.ts";
import type { Registry } from "./registry.ts";

export interface EmbeddedRegistryOptions extends LifecycleTimes {
  readonly dataDir: string;
  readonly clock: Clock;
  /** How long to wait for somebody else's lock. Default: 1 s, enough for a predecessor that is closing. */
  readonly timeoutMs?: number;
  /** What the database may grow to; default: no bound but the disk. */
  readonly maxBytes?: number;
}

const defaultTimeoutMs = 1_000;
/** When a change could not be written, e.g. because the disk is full. */
const retryMs = 1_000;

interface Opened {
  readonly database: Database;
  readonly table: InstanceTable;
  readonly lifecycle: InstanceLifecycle;
}

/**
 * A registry in memory, with a copy in one SQLite file of the data directory: joins, leaves and removals are in the file before
 * they are answered, beats never are. Without an fsync: the copy survives the death of the process, and the last of it may be
 * missing after the loss of power. When the file can't be written, memory serves on and the copy is made up for later.
 */
export function createEmbeddedRegistry(options: EmbeddedRegistryOptions): Registry {
  const { clock } = options;
  const watchers = createListWatchers(() => opened?.lifecycle);
  /** Instances whose copy is not what memory holds. */
  const unsaved = new Set<string>();
  let opened: Opened | undefined;
  let timer: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  let failure: { readonly cause: unknown; readonly retryAtMs: number } | undefined;

  function whenOpen(): Opened {
    if (!opened) throw new GatewayError("REGISTRY_UNAVAILABLE", "The registry is not open.");
    return opened;
  }

  /** After whatever may have changed something. */
  function settle({ database, table, lifecycle }: Opened): void {
    const nowMs = clock.monotonicMs();
    if (unsaved.size > 0 && (!failure || failure.retryAtMs <= nowMs)) {
      try {
        database.transaction(() => save(table, lifecycle, nowMs));
        unsaved.clear();
        failure = undefined;
      } catch (cause) {
        failure = { cause, retryAtMs: nowMs + retryMs };
      }
    }
    arm(lifecycle);
  }

  function save(table: InstanceTable, lifecycle: InstanceLifecycle, nowMs: number): void {
    for (const serverId of unsaved) {
      const record = lifecycle.find(serverId);
      const sinceMs = lifecycle.removedSinceMs(serverId);
      const removedAt = sinceMs === undefined ? undefined : new Date(clock.now().getTime() - (nowMs - sinceMs));
      if (record) table.put({ record, removedAt });
      else table.remove(serverId);
    }
  }

  /** One timer for all. A beat only puts off what it waits for, so it then fires early and is set again. */
  function arm(lifecycle: InstanceLifecycle): void {
    const dueMs = Math.min(lifecycle.nextDueMs(), failure?.retryAtMs ?? Number.POSITIVE_INFINITY);
    if (timer && timer.dueMs <= dueMs) return;
    timer?.cancel();
    timer = undefined;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    timer = { dueMs, cancel: clock.after(dueMs - clock.monotonicMs(), onTimer) };
  }

  function onTimer(): void {
    timer = undefined;
    const current = whenOpen();
    current.lifecycle.expire(clock.monotonicMs());
    settle(current);
  }

  return {
    async open() {
      const database = await openDatabase({
        dataDir: options.dataDir,
        name: "registry",
        applicationId: registryApplicationId,
        migrations: registryMigrations,
        durability: "process",
        timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
        maxBytes: options.maxBytes,
      });
      const table = createInstanceTable(database);
      const lifecycle = createInstanceLifecycle(options, {
        listChanged: watchers.tell,
        recordChanged: (serverId) => unsaved.add(serverId),
      });
      const nowMs = clock.monotonicMs();
      for (const { record, removedAt } of table.all()) {
        // Not negative, also when the wall clock was set back.
        const removedForMs = removedAt && Math.max(0, clock.now().getTime() - removedAt.getTime());
        lifecycle.restore(record, nowMs, removedForMs);
      }
      // As restored, except for those that were forgotten at once.
      for (const serverId of unsaved) if (lifecycle.find(serverId)) unsaved.delete(serverId);
      opened = { database, table, lifecycle };
      lifecycle.expire(nowMs);
      settle(opened);
    },

    async join(record) {
      const current = whenOpen();
      current.lifecycle.join(record, clock.monotonicMs());
      settle(current);
    },

    async beat(serverId) {
      const current = whenOpen();
      const known = current.lifecycle.beat(serverId, clock.monotonicMs());
      settle(current);
      return known;
    },

    async leave(serverId) {
      const current = whenOpen();
      const known = current.lifecycle.leave(serverId);
      settle(current);
      return known;
    },

    find: async (serverId) => whenOpen().lifecycle.find(serverId),

    watch: watchers.watch,

    async ping() {
      settle(whenOpen());
      if (failure) throw new GatewayError("REGISTRY_UNAVAILABLE", "The registry can't be written to.", { cause: failure.cause });
    },

    async close() {
      if (!opened) return;
      watchers.clear();
      failure = undefined;
      settle(opened);
      failure = undefined;
      timer?.cancel();
      timer = undefined;
      unsaved.clear();
      opened.database.close();
      opened = undefined;
    },
  };
}
