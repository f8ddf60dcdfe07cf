import type { MongoClient } from "mongodb";
import type { Clock } from "../../core/clock.ts";
import { GatewayError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { assertDistinct } from "./embedded-changes.ts";
import { createBoundedCalls } from "./mongo-calls.ts";
import { createOwner, type MongoChange, updateOwner } from "./mongo-changes.ts";
import { connectMongo, databaseName, openingError } from "./mongo-client.ts";
import {
  assertKnownFormat,
  insertOnce,
  type MongoCollections,
  mongoCollections,
  prepareCollections,
} from "./mongo-collections.ts";
import { fromText, toText } from "./mongo-documents.ts";
import { createMongoFeed, type MongoFeed } from "./mongo-feed.ts";
import { createOrphanSweep } from "./mongo-orphans.ts";
import { createMongoReader } from "./mongo-reader.ts";
import { ORIGINAL_COLLECTION, takeOverOriginal } from "./mongo-takeover.ts";
import type { OwnerHead, ServiceRevision, Store, StoreResult } from "./store.ts";

export interface MongoStoreOptions {
  /** mongodb://… or mongodb+srv://… */
  readonly url: string;
  /** Default: the one that the URL names, else "thriftgate". */
  readonly dbName?: string | undefined;
  /** Of the original gateway, in the same database. Default: the name that it has there by default. */
  readonly originalCollection?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For each call. Default 3 s: a request that finds the store hung is answered within 5. */
  readonly timeoutMs?: number;
  /** How other processes' changes are learnt of. Default: by change streams where the server has them. */
  readonly changes?: "auto" | "poll";
}

const DEFAULT_TIMEOUT_MS = 3_000;
/** Indexes of a database that was restored without them. */
const PREPARE_TIMEOUT_MS = 60_000;
const PING_TIMEOUT_MS = 1_000;
const SWEEP_MS = 3_600_000;
/** Owners whose creation nobody got an answer for. */
const MAX_ABANDONED = 1_000;
/** Revisions in one call, which has to end within its bound: an IDL may have a megabyte. */
const READ_BATCH = 50;

interface Opened {
  readonly client: MongoClient;
  readonly collections: MongoCollections;
  readonly feed: MongoFeed;
  stopSweeping(): void;
}

/**
 * A store in a MongoDB database, which any number of processes share; a standalone server or a replica set. No transactions:
 * docs/decisions/0007-mongodb-store.md says how a change is atomic all the same.
 */
export function createMongoStore(options: MongoStoreOptions): Store {
  const { clock, logger, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const calls = createBoundedCalls(clock, timeoutMs);
  const listeners = new Set<(head: OwnerHead) => void>();
  const abandoned = new Map<string, Set<string>>();
  const reader = createMongoReader(logger);
  let opened: Opened | undefined;

  function whenOpen() {
    if (!opened) throw new GatewayError("STORE_UNAVAILABLE", "The store is not open.");
    return opened;
  }

  /** In microtasks, so that every listener sees the order of the changes, also when one of them writes in turn. */
  function tell(head: OwnerHead): void {
    for (const listener of listeners) {
      queueMicrotask(() => {
        if (listeners.has(listener)) listener(head);
      });
    }
  }

  async function read<T>(query: (collections: MongoCollections) => Promise<T>, callOptions?: { timeoutMs: number }): Promise<T> {
    const { collections } = whenOpen();
    return calls.run(() => query(collections), callOptions);
  }

  async function change(
    parts: Omit<MongoChange, "createdAt" | "attempts">,
    write: (collections: MongoCollections, change: MongoChange, signal: AbortSignal) => Promise<StoreResult>,
  ): Promise<StoreResult> {
    const { collections, feed } = whenOpen();
    const { ownerId } = parts;
    const attempts = new Map<string, OwnerHead>();
    const own: MongoChange = { ...parts, createdAt: clock.now(), attempts };
    try {
      const result = await calls.run((signal) => write(collections, own, signal), { turn: `owner ${ownerId}` });
      abandoned.delete(ownerId);
      if (result.ok) feed.announce(result.head);
      return result;
    } catch (error) {
      remember(ownerId, attempts);
      throw error;
    }
  }

  function sweepHourly(sweep: () => Promise<void>): () => void {
    let cancel = clock.after(SWEEP_MS, sweepAndGoOn);
    function sweepAndGoOn(): void {
      // What can't be swept now is swept the next time.
      sweep().catch(() => {});
      cancel = clock.after(SWEEP_MS, sweepAndGoOn);
    }
    return () => cancel();
  }

  function remember(ownerId: string, attempts: ReadonlyMap<string, OwnerHead>): void {
    if (attempts.size === 0) return;
    abandoned.set(ownerId, new Set([...(abandoned.get(ownerId) ?? []), ...attempts.keys()]));
    if (abandoned.size > MAX_ABANDONED) abandoned.delete(abandoned.keys().next().value!);
  }

  const store: Store = {
    async open() {
      const client = await connectMongo(options.url, timeoutMs);
      try {
        const collections = mongoCollections(client.db(databaseName(options)));
        const { setName, msg } = await calls.run(() => client.db("admin").command({ hello: 1 }));
        assertKnownFormat(await calls.run(() => collections.meta.findOne({ _id: "format" })), collections.meta.dbName);
        await calls.run(() => prepareCollections(collections), { timeoutMs: PREPARE_TIMEOUT_MS });
        const feed = createMongoFeed(
          {
            collections,
            calls,
            clock,
            streams: options.changes !== "poll" && (setName !== undefined || msg === "isdbgrid"),
            read: reader.owner,
            onLost: (err) => logger.warn({ err }, "the store's changes can't be followed; trying again"),
            onFound: () => logger.info("the store's changes are followed again"),
          },
          tell,
        );
        await feed.start();
        opened = { client, collections, feed, stopSweeping: sweepHourly(createOrphanSweep(collections, calls, reader.owner)) };
      } catch (error) {
        await client.close();
        throw openingError(error);
      }
    },

    async createOwner({ ownerId, ownerName, keyDigest }, services, author) {
      assertDistinct(services);
      return change({ ownerId, services, author }, (collections, own, signal) =>
        createOwner(collections, { ownerName, keyDigest }, own, abandoned.get(ownerId) ?? new Set(), signal),
      );
    },

    async updateOwner(ownerId, expectedVersion, services, author) {
      assertDistinct(services);
      return change({ ownerId, services, author }, (collections, own, signal) =>
        updateOwner(collections, expectedVersion, own, signal),
      );
    },

    owner: (ownerId) => read((collections) => reader.findOwner(collections, ownerId)),
    owners: () => read((collections) => reader.findOwners(collections)),
    serviceRevision: (name, revision) => read((collections) => reader.findRevision(collections, name, revision)),
    async currentRevisions() {
      const ids = await read((collections) => reader.findCurrentIds(collections));
      const revisions: ServiceRevision[] = [];
      for (let at = 0; at < ids.length; at += READ_BATCH) {
        const batch = ids.slice(at, at + READ_BATCH);
        revisions.push(...(await read((collections) => reader.revisionsOf(collections, batch))));
      }
      return revisions;
    },
    history: (name) => read((collections) => reader.findHistory(collections, name)),

    async setting(name) {
      const found = await read(({ settings }) => settings.findOne({ _id: toText(name) }));
      return found ? fromText(found.value) : undefined;
    },

    async initSetting(name, value) {
      const { collections } = whenOpen();
      const document = { _id: toText(name), value: toText(value) };
      return calls.run(
        async () => {
          await insertOnce(collections.settings, document);
          const held = await collections.settings.findOne({ _id: document._id });
          return fromText(held!.value);
        },
        { turn: `setting ${name}` },
      );
    },

    watch(listener) {
      // Its own function, so that one that is passed twice is called twice and stopped apart.
      const own = (head: OwnerHead) => listener(head);
      listeners.add(own);
      return () => listeners.delete(own);
    },

    async catchUp() {
      await whenOpen().feed.catchUp();
    },

    async takeOver(check) {
      const { client, collections } = whenOpen();
      const original = client.db(databaseName(options)).collection(options.originalCollection ?? ORIGINAL_COLLECTION);
      return takeOverOriginal({ collections, original, calls, store }, check);
    },

    async ping() {
      await read(({ meta }) => meta.findOne({ _id: "format" }), { timeoutMs: Math.min(PING_TIMEOUT_MS, timeoutMs) });
    },

    async close() {
      listeners.clear();
      const closing = opened;
      opened = undefined;
      closing?.feed.stop();
      closing?.stopSweeping();
      await calls.drained();
      await closing?.client.close();
    },
  };
  return store;
}
