import type {
  OwnerHead,
  ServiceDefinition,
  ServiceRevision,
  ServiceWrite,
  StoreResult,
} from "../../gateway/src/control-plane/store/store.ts";
import type { Clock } from "../../gateway/src/core/clock.ts";

/** The store's rules in maps, as plainly as they can be said: what the real ones are compared with. */
export function createModelStore(clock: Clock) {
  const heads = new Map<string, OwnerHead>();
  const histories = new Map<string, ServiceRevision[]>();
  const settings = new Map<string, string>();

  const ownerOf = (service: string) =>
    [...heads.values()].find(({ services }) => services.some(({ name }) => name === service))?.ownerId;

  function append(ownerId: string, name: string, definition: ServiceDefinition, author: string) {
    const history = histories.get(name) ?? [];
    histories.set(name, history);
    history.push({ ownerId, name, revision: history.length + 1, createdAt: clock.now(), author, definition });
    return { name, revision: history.length };
  }

  function replace(head: OwnerHead, services: readonly ServiceWrite[], author: string): StoreResult {
    const taken = services.find(({ name }) => (ownerOf(name) ?? head.ownerId) !== head.ownerId);
    if (taken) return { ok: false, refusal: "SERVICE_TAKEN", service: taken.name };
    const written = services.map((service) =>
      "keep" in service
        ? head.services.find(({ name }) => name === service.name)!
        : append(head.ownerId, service.name, service.definition, author),
    );
    const next = { ...head, version: head.version + 1, services: written };
    heads.set(head.ownerId, next);
    return { ok: true, head: next };
  }

  return {
    createOwner(owner: Omit<OwnerHead, "version" | "services">, services: readonly ServiceWrite[], author: string): StoreResult {
      if (heads.has(owner.ownerId)) return { ok: false, refusal: "OWNER_EXISTS" };
      return replace({ ...owner, version: 0, services: [] }, services, author);
    },
    updateOwner(ownerId: string, version: number, services: readonly ServiceWrite[], author: string): StoreResult {
      const head = heads.get(ownerId);
      if (!head) return { ok: false, refusal: "OWNER_UNKNOWN" };
      if (head.version !== version) return { ok: false, refusal: "VERSION_CHANGED" };
      return replace(head, services, author);
    },
    initSetting(name: string, value: string): string {
      if (!settings.has(name)) settings.set(name, value);
      return settings.get(name)!;
    },
    owner: (ownerId: string): OwnerHead | undefined => heads.get(ownerId),
    owners: () => [...heads.values()],
    names: () => [...histories.keys()],
    history: (name: string) => histories.get(name) ?? [],
    currentRevisions: () =>
      [...heads.values()].flatMap(({ services }) => services.map(({ name, revision }) => histories.get(name)![revision - 1])),
  };
}
