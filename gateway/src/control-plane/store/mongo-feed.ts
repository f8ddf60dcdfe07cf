import type { ChangeStream, ResumeToken, Timestamp } from "mongodb";
import type { Clock } from "../../core/clock.ts";
import type { BoundedCalls } from "./mongo-calls.ts";
import type { MongoCollections } from "./mongo-collections.ts";
import type { OwnerDocument, StoredOwner } from "./mongo-documents.ts";
import { createNumberGaps } from "./mongo-number-gaps.ts";
import type { OwnerHead } from "./store.ts";

const POLL_MS = 250;
const POLL_JITTER_MS = 250;
const RECONCILE_MS = 30_000;
/** After a fault; the driver itself waits for a server. */
const RETRY_MS = 100;
/** How long the server holds a request for more changes. */
const MAX_AWAIT_MS = 1_000;
const BATCH = 200;

/** The token is too old, of a collection that was dropped, or of another deployment. */
const LOST_TOKEN_CODES: ReadonlySet<unknown> = new Set([9, 136, 222, 234, 237, 260, 280, 286, 50_811]);
/** No change streams here: not permitted, no such stage or command, not a replica set. */
const NO_STREAM_CODES: ReadonlySet<unknown> = new Set([13, 59, 115, 40_324, 40_573]);

export interface MongoFeedOptions {
  readonly collections: MongoCollections;
  readonly calls: BoundedCalls;
  readonly clock: Clock;
  /** Whether the server has change streams. */
  readonly streams: boolean;
  /** Tells of what can't be read; `undefined`: skipped. */
  readonly read: (document: unknown) => StoredOwner | undefined;
  readonly onLost: (error: unknown) => void;
  readonly onFound: () => void;
}

/** Tells each new head of any process once, in the order of the owner's versions. */
export interface MongoFeed {
  /** What is stored before it resolves is not told. */
  start(): Promise<void>;
  announce(head: OwnerHead): void;
  /** Tells, before it resolves, of all that was stored when it was called. */
  catchUp(): Promise<void>;
  stop(): void;
}

export function createMongoFeed(options: MongoFeedOptions, tell: (head: OwnerHead) => void): MongoFeed {
  const { collections, calls, clock, read, onLost, onFound } = options;
  const { owners } = collections;
  /** By the owner's `_id`. */
  const known = new Map<string, number>();
  const gaps = createNumberGaps(clock);
  const cancels = new Set<() => void>();
  let streams = options.streams;
  let stream: ChangeStream<OwnerDocument> | undefined;
  let token: ResumeToken | undefined;
  let stopped = false;
  let lost = false;

  function announce(head: OwnerHead): void {
    const id = JSON.stringify(head.ownerId);
    if (stopped || head.version <= (known.get(id) ?? 0)) return;
    known.set(id, head.version);
    tell(head);
  }

  /** A head with a service that can't be read is as good as one that can't: those that serve it go on with the last one. */
  function announceDocument(document: unknown): void {
    const owner = read(document);
    if (owner && owner.faults.length === 0) announce(owner.head);
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancels.delete(wake);
        cancel();
        resolve();
      };
      const cancel = clock.after(ms, wake);
      cancels.add(wake);
    });
  }

  /** IDs and versions of all, then what is new among them. */
  async function reconcile(): Promise<void> {
    const heads = await calls.run(() => owners.find({}, { projection: { version: 1 } }).toArray());
    const news = heads.filter(({ _id, version }) => version > (known.get(_id) ?? 0)).map(({ _id }) => _id);
    for (let at = 0; at < news.length; at += BATCH) {
      const ids = news.slice(at, at + BATCH);
      for (const document of await calls.run(() => owners.find({ _id: { $in: ids } }).toArray())) announceDocument(document);
    }
  }

  async function baseline(): Promise<void> {
    const heads = await calls.run(() => owners.find({}, { projection: { version: 1, number: 1 } }).toArray());
    for (const { _id, version } of heads) known.set(_id, version);
    gaps.begin(heads.map(({ number }) => number));
  }

  async function poll(): Promise<void> {
    const { last, missing } = gaps.wanted();
    const changed = await calls.run(() =>
      owners.find({ $or: [{ number: { $gt: last } }, { number: { $in: missing } }] }).toArray(),
    );
    gaps.saw(changed.map(({ number }) => number));
    for (const document of changed) announceDocument(document);
  }

  /** From where the token left off, else from now on; whatever was there before has to be read then. */
  async function openStream(): Promise<ChangeStream<OwnerDocument>> {
    const since = token === undefined ? { startAtOperationTime: await operationTime() } : { resumeAfter: token };
    stream = owners.watch<OwnerDocument>([], { fullDocument: "updateLookup", maxAwaitTimeMS: MAX_AWAIT_MS, ...since });
    return stream;
  }

  /** Of what a majority has: what is on its way there becomes an event. */
  async function operationTime(): Promise<Timestamp> {
    const read = { find: owners.collectionName, limit: 1, singleBatch: true, readConcern: { level: "majority" } };
    const { operationTime } = await calls.run(() => owners.db.command(read));
    return operationTime as Timestamp;
  }

  async function followStream(): Promise<void> {
    const isLost = token === undefined;
    const from = stream ?? (await openStream());
    if (isLost) await reconcile();
    while (!stopped) {
      const event = await from.tryNext();
      back();
      token = from.resumeToken;
      if (event && "fullDocument" in event && event.fullDocument) {
        gaps.saw([event.fullDocument.number]);
        announceDocument(event.fullDocument);
      }
      if (event?.operationType !== "invalidate") continue;
      token = undefined;
      return;
    }
  }

  async function follow(): Promise<void> {
    while (!stopped) {
      try {
        if (streams) {
          await followStream();
        } else {
          await sleep(POLL_MS + Math.random() * POLL_JITTER_MS);
          if (!stopped) await poll();
          back();
        }
      } catch (error) {
        if (stopped) return;
        away(error);
        await sleep(RETRY_MS);
      }
      closeStream();
    }
  }

  function away(error: unknown): void {
    const { code } = error as { code?: unknown };
    if (LOST_TOKEN_CODES.has(code)) token = undefined;
    if (streams && NO_STREAM_CODES.has(code)) streams = false;
    if (!lost) onLost(error);
    lost = true;
  }

  function back(): void {
    if (lost) onFound();
    lost = false;
  }

  /** Nobody waits for it: a server that hangs answers nothing. */
  function closeStream(): void {
    stream?.close().catch(() => {});
    stream = undefined;
  }

  /** Heals whatever was missed. */
  async function reconcileNowAndThen(): Promise<void> {
    while (!stopped) {
      await sleep(RECONCILE_MS);
      // What it can't read now is read the next time.
      if (!stopped) await reconcile().catch(() => {});
    }
  }

  return {
    async start() {
      if (streams) await openStream();
      await baseline();
      void follow();
      void reconcileNowAndThen();
    },
    announce,
    catchUp: poll,
    stop() {
      stopped = true;
      for (const wake of [...cancels]) wake();
      closeStream();
    },
  };
}
