import type { OwnerHead, Store, StoreResult } from "../../gateway/src/control-plane/store/store.ts";
import type { Clock } from "../../gateway/src/core/clock.ts";
import { createModelStore } from "./model-store.ts";

/** A store without a disk, for tests of what stands on it. */
export function createMemoryStore(clock: Clock): Store {
  const model = createModelStore(clock);
  const listeners = new Set<(head: OwnerHead) => void>();
  const settings = new Map<string, string>();

  function announce(result: StoreResult): StoreResult {
    if (result.ok) for (const listener of listeners) queueMicrotask(() => listener(result.head));
    return result;
  }

  return {
    open: async () => {},
    createOwner: async (owner, services, author) => announce(model.createOwner(owner, services, author)),
    updateOwner: async (ownerId, version, services, author) => announce(model.updateOwner(ownerId, version, services, author)),
    owner: async (ownerId) => model.owner(ownerId),
    owners: async () => model.owners(),
    serviceRevision: async (name, revision) => model.history(name)[revision - 1],
    currentRevisions: async () => model.currentRevisions().filter((revision) => revision !== undefined),
    history: async (name) => model.history(name),
    setting: async (name) => settings.get(name),
    async initSetting(name, value) {
      if (!settings.has(name)) settings.set(name, value);
      return settings.get(name)!;
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ping: async () => {},
    close: async () => {},
  };
}
