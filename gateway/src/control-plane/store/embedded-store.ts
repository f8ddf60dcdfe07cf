import type { Clock } from "../../core/clock.ts";
import { GatewayError } from "../../core/errors.ts";
import { assertDistinct, createOwner, updateOwner } from "./embedded-changes.ts";
import { storeApplicationId, storeMigrations } from "./embedded-schema.ts";
import { createEmbeddedTables, type EmbeddedTables } from "./embedded-tables.ts";
import { type Database, openDatabase } from "./sqlite-database.ts";
import type { OwnerHead, Store, StoreResult } from "./store.ts";

export interface EmbeddedStoreOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  /** How long to wait for somebody else's lock. Default: 1 s, enough for a predecessor that is closing. */
  readonly timeoutMs?: number;
  /** What the database may grow to; a write beyond it is refused as on a full disk. Default: no bound but the disk. */
  readonly maxBytes?: number;
}

const defaultTimeoutMs = 1_000;

/**
 * A store in one SQLite file of the data directory, held by this process alone. SQLite's calls are synchronous: a write holds the
 * event loop for one fsync, a read for some microseconds.
 */
export function createEmbeddedStore(options: EmbeddedStoreOptions): Store {
  const listeners = new Set<(head: OwnerHead) => void>();
  let opened: { readonly database: Database; readonly tables: EmbeddedTables } | undefined;
  let lastWriteFailed = false;

  function whenOpen() {
    if (!opened) throw new GatewayError("STORE_UNAVAILABLE", "The store is not open.");
    return opened;
  }

  function read<T>(query: (tables: EmbeddedTables) => T): T {
    const { tables } = whenOpen();
    try {
      return query(tables);
    } catch (cause) {
      throw new GatewayError("STORE_UNAVAILABLE", "The store can't be read.", { cause });
    }
  }

  function write<T>(change: (tables: EmbeddedTables, database: Database) => T): T {
    const { database, tables } = whenOpen();
    try {
      return database.transaction(() => change(tables, database));
    } catch (cause) {
      if (cause instanceof TypeError) throw cause;
      lastWriteFailed = true;
      throw new GatewayError("STORE_UNAVAILABLE", "The store can't be written to.", { cause });
    }
  }

  /** In microtasks, so that every listener sees the order of the commits, also when one of them writes in turn. */
  function announced(result: StoreResult): StoreResult {
    if (result.ok) {
      for (const listener of listeners) {
        queueMicrotask(() => {
          if (listeners.has(listener)) listener(result.head);
        });
      }
    }
    return result;
  }

  return {
    async open() {
      const database = await openDatabase({
        dataDir: options.dataDir,
        name: "store",
        applicationId: storeApplicationId,
        migrations: storeMigrations,
        durability: "commit",
        timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
        maxBytes: options.maxBytes,
      });
      opened = { database, tables: createEmbeddedTables(database) };
    },

    async createOwner({ ownerId, ownerName, keyDigest }, services, author) {
      assertDistinct(services);
      const change = { ownerId, services, author, createdAt: options.clock.now() };
      return announced(write((tables) => createOwner(tables, { ownerName, keyDigest }, change)));
    },

    async updateOwner(ownerId, expectedVersion, services, author) {
      assertDistinct(services);
      const change = { ownerId, services, author, createdAt: options.clock.now() };
      return announced(write((tables) => updateOwner(tables, expectedVersion, change)));
    },

    owner: async (ownerId) => read((tables) => tables.owner(ownerId)),
    owners: async () => read((tables) => tables.owners()),
    serviceRevision: async (name, revision) => read((tables) => tables.revision(name, revision)),
    currentRevisions: async () => read((tables) => tables.currentRevisions()),
    history: async (name) => read((tables) => tables.history(name)),
    setting: async (name) => read((tables) => tables.setting(name)),

    async initSetting(name, value) {
      return write((tables) => {
        tables.initSetting(name, value);
        return tables.setting(name)!;
      });
    },

    watch(listener) {
      // Its own function, so that one that is passed twice is called twice and stopped apart.
      const own = (head: OwnerHead) => listener(head);
      listeners.add(own);
      return () => listeners.delete(own);
    },

    async ping() {
      read((tables) => tables.setting(""));
      // A real write costs an fsync, so it is tried only to find out whether a fault is over.
      if (lastWriteFailed) write((_, database) => database.rewriteVersion());
      lastWriteFailed = false;
    },

    async close() {
      listeners.clear();
      opened?.database.close();
      opened = undefined;
    },
  };
}
