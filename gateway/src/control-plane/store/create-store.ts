import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import { createEmbeddedStore } from "./embedded-store.ts";
import { createLastSnapshotStore } from "./last-snapshot-store.ts";
import { createMongoStore } from "./mongo-store.ts";
import type { Store } from "./store.ts";

/** What a store needs of the configuration. */
export interface StoreConfig {
  readonly store: string;
  readonly storeDatabase: string | undefined;
  readonly originalCollection: string;
  readonly dataDir: string;
}

/** The store that the configuration names, not opened yet. */
export function createStore(config: StoreConfig, { clock, logger }: { clock: Clock; logger: Logger }): Store {
  const { store: url, storeDatabase: dbName, originalCollection, dataDir } = config;
  if (url === "embedded") return createEmbeddedStore({ dataDir, clock });
  const store = createMongoStore({ url, dbName, originalCollection, clock, logger });
  return createLastSnapshotStore({ store, dataDir, clock, logger });
}
