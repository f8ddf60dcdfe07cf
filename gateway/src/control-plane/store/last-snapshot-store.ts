import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { GatewayError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { createSnapshotDirectory, type SavedState } from "./snapshot-directory.ts";
import type { OwnerHead, ServiceRevision, Store } from "./store.ts";

export interface LastSnapshotOptions {
  /** One that other processes change, and that may be gone. */
  readonly store: Store;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const RETRY_MS = 500;
/** Several changes in a row are saved at once. */
const SAVE_DELAY_MS = 1_000;
const CONFIRM_MS = 30_000;
/** More are read in one go. */
const MAX_SINGLE_READS = 50;

/**
 * Starts also when `store` is gone, from what it held when it was last seen: that is served, changes are refused, and it is tried
 * again until it is back. While it is there, all goes to it.
 */
export function createLastSnapshotStore({ store, dataDir, clock, logger }: LastSnapshotOptions): Store {
  const directory = createSnapshotDirectory(join(dataDir, "last-snapshot"));
  const listeners = new Set<(head: OwnerHead) => void>();
  const heads = new Map<string, OwnerHead>();
  const settings = new Map<string, string>();
  const cancels = new Map<"retry" | "save" | "confirm", () => void>();
  /** What is served while the store is gone since the start. */
  let saved: SavedState | undefined;
  let confirmedAtMs: number | undefined;
  let saving: Promise<void> = Promise.resolve();
  let saveFails = false;
  let isOpen = false;
  let retrying: Promise<void> = Promise.resolve();
  let closed = false;
  let lastRefusal: string | undefined;

  function later(what: "retry" | "save" | "confirm", delayMs: number, work: () => Promise<void>): void {
    if (closed || cancels.has(what)) return;
    const cancel = clock.after(delayMs, () => {
      cancels.delete(what);
      void work();
    });
    cancels.set(what, cancel);
  }

  function follow(head: OwnerHead): void {
    if (head.version <= (heads.get(head.ownerId)?.version ?? 0)) return;
    heads.set(head.ownerId, head);
    later("save", SAVE_DELAY_MS, save);
    for (const listener of listeners) listener(head);
  }

  async function readRevisions(missing: readonly { name: string; revision: number }[]): Promise<readonly ServiceRevision[]> {
    if (missing.length > MAX_SINGLE_READS) return store.currentRevisions();
    const found = await Promise.all(missing.map(({ name, revision }) => store.serviceRevision(name, revision)));
    return found.filter((revision) => revision !== undefined);
  }

  /** One after the other. */
  function save(): Promise<void> {
    saving = saving.then(async () => {
      try {
        await directory.save([...heads.values()], settings, readRevisions);
        confirmedAtMs = clock.monotonicMs();
        saveFails = false;
      } catch (err) {
        if (!saveFails) logger.warn({ err }, "the last snapshot can't be saved; trying again");
        saveFails = true;
      }
    });
    return saving;
  }

  async function confirm(): Promise<void> {
    try {
      await store.ping();
      if (saveFails) await save();
      if (!saveFails) {
        await directory.confirm(clock.now());
        confirmedAtMs = clock.monotonicMs();
      }
    } catch {
      // Its age tells.
    }
    later("confirm", CONFIRM_MS, confirm);
  }

  async function becomeLive(): Promise<void> {
    const current = await store.owners();
    saved = undefined;
    for (const head of current) follow(head);
    later("save", SAVE_DELAY_MS, save);
    later("confirm", CONFIRM_MS, confirm);
  }

  async function retry(): Promise<void> {
    try {
      if (!isOpen) await store.open();
      isOpen = true;
      if (closed) return;
      await becomeLive();
      logger.info("the store is there again");
    } catch (err) {
      refused(err);
      retryLater();
    }
  }

  /** It may be there, and refuse: a wrong password does not get right by waiting. Told once. */
  function refused(err: unknown): void {
    const isAway = err instanceof GatewayError && err.code === "STORE_UNAVAILABLE";
    const reason = String(err);
    if (isAway || reason === lastRefusal) logger.debug({ err }, "the store is still gone");
    else {
      lastRefusal = reason;
      logger.warn({ err }, "the store refuses this gateway; trying again");
    }
  }

  function retryLater(): void {
    later("retry", RETRY_MS, () => {
      retrying = retry();
      return retrying;
    });
  }

  function unavailable(): GatewayError {
    return new GatewayError(
      "STORE_UNAVAILABLE",
      "The store has been gone since the gateway started; what it last held is served.",
    );
  }

  /** From the store when it is there, else from what it last held; `undefined`: that doesn't tell. */
  async function read<T>(live: () => Promise<T>, last: (state: SavedState) => { readonly value: T } | undefined): Promise<T> {
    if (!saved) return live();
    const found = last(saved);
    if (!found) throw unavailable();
    return found.value;
  }

  async function whenLive<T>(work: () => Promise<T>): Promise<T> {
    if (saved) throw unavailable();
    return work();
  }

  async function remembered(name: string, value: string | undefined): Promise<string | undefined> {
    if (value !== undefined && settings.get(name) !== value) {
      settings.set(name, value);
      later("save", SAVE_DELAY_MS, save);
    }
    return value;
  }

  return {
    async open() {
      store.watch(follow);
      try {
        await store.open();
      } catch (error) {
        if (!(error instanceof GatewayError && error.code === "STORE_UNAVAILABLE")) throw error;
        saved = await directory.load();
        if (!saved) throw error;
        const ageMs = Math.max(0, clock.now().getTime() - saved.confirmedAt.getTime());
        confirmedAtMs = clock.monotonicMs() - ageMs;
        for (const head of saved.heads) heads.set(head.ownerId, head);
        for (const [name, value] of saved.settings) settings.set(name, value);
        logger.warn({ err: error, ageMs, owners: heads.size }, "the store is gone; serving what it last held");
        retryLater();
        return;
      }
      isOpen = true;
      await becomeLive();
    },

    createOwner: (...change) => whenLive(() => store.createOwner(...change)),
    updateOwner: (...change) => whenLive(() => store.updateOwner(...change)),
    owner: (ownerId) =>
      read(
        () => store.owner(ownerId),
        (state) => ({ value: state.heads.find((head) => head.ownerId === ownerId) }),
      ),
    owners: () => read(store.owners, (state) => ({ value: state.heads })),
    serviceRevision: (name, revision) =>
      read(
        () => store.serviceRevision(name, revision),
        ({ heads, revisions }) => {
          const isCurrent = heads.some(({ services }) =>
            services.some((each) => each.name === name && each.revision === revision),
          );
          const found = revisions.find((each) => each.name === name && each.revision === revision);
          return isCurrent ? { value: found } : undefined;
        },
      ),
    currentRevisions: () => read(store.currentRevisions, ({ revisions }) => ({ value: revisions })),
    history: (name) => whenLive(() => store.history(name)),
    setting: (name) =>
      read(
        async () => remembered(name, await store.setting(name)),
        (state) => (state.settings.has(name) ? { value: state.settings.get(name) } : undefined),
      ),
    initSetting: (name, value) =>
      whenLive(async () => {
        const held = await store.initSetting(name, value);
        await remembered(name, held);
        return held;
      }),

    watch(listener) {
      const own = (head: OwnerHead) => listener(head);
      listeners.add(own);
      return () => listeners.delete(own);
    },

    catchUp: () => whenLive(async () => store.catchUp?.()),
    takeOver: async (check) => (saved ? undefined : store.takeOver?.(check)),
    ping: () => whenLive(store.ping),
    lastSnapshot() {
      if (confirmedAtMs === undefined) return undefined;
      return { inUse: saved !== undefined, ageMs: Math.round(clock.monotonicMs() - confirmedAtMs) };
    },

    async close() {
      closed = true;
      listeners.clear();
      const unsaved = cancels.has("save");
      for (const cancel of cancels.values()) cancel();
      if (unsaved && !saved) void save();
      await Promise.all([saving, retrying]);
      await store.close();
    },
  };
}
