import { randomUUID } from "node:crypto";
import { onTestFinished } from "vitest";
import { createMongoStore, type MongoStoreOptions } from "../../gateway/src/control-plane/store/mongo-store.ts";
import type { OwnerHead, Store } from "../../gateway/src/control-plane/store/store.ts";
import { systemClock } from "../../gateway/src/core/clock.ts";
import { createLogger } from "../../gateway/src/core/logger.ts";
import { definitionOf } from "./definitions.ts";

export const newDatabase = (): string => `test-${randomUUID()}`;

/** On the real clock, open, until the end of the running test. */
export async function openMongoStore(options: Partial<MongoStoreOptions> & Pick<MongoStoreOptions, "url">): Promise<Store> {
  const store = createMongoStore({ clock: systemClock, logger: createLogger({ level: "silent" }), ...options });
  await store.open();
  onTestFinished(() => store.close());
  return store;
}

export const ownerOf = (ownerId: string) => ({ ownerId, ownerName: ownerId, keyDigest: "ab".repeat(32) });
export const serviceOf = (name: string, idl = `service ${name} {}`) => ({ name, definition: definitionOf(idl) });

/** What a store tells, to wait for. */
export function watchHeads(store: Store) {
  const heads: OwnerHead[] = [];
  const waiting = new Set<() => void>();
  const stop = store.watch((head) => {
    heads.push(head);
    for (const look of waiting) look();
  });
  onTestFinished(stop);
  return {
    heads,
    /** The head of this owner at this version or a later one. */
    sees: (ownerId: string, version: number): Promise<OwnerHead> =>
      new Promise((resolve) => {
        function look(): void {
          const head = heads.find((each) => each.ownerId === ownerId && each.version >= version);
          if (!head) return;
          waiting.delete(look);
          resolve(head);
        }
        waiting.add(look);
        look();
      }),
  };
}
