import type { EmbeddedTables, ServicePlace } from "./embedded-tables.ts";
import type { OwnerHead, ServiceWrite, StoreResult } from "./store.ts";

/** What the owner's head holds before the change. */
type Places = ReadonlyMap<string, ServicePlace>;

/** Who changes what, and when. */
interface Change {
  readonly ownerId: string;
  readonly services: readonly ServiceWrite[];
  readonly author: string;
  readonly createdAt: Date;
}

/** Within one transaction: a refusal comes before the first write. */
export function createOwner(
  tables: EmbeddedTables,
  owner: { readonly ownerName: string; readonly keyDigest: string },
  change: Change,
): StoreResult {
  const { ownerId } = change;
  if (tables.owner(ownerId)) return { ok: false, refusal: "OWNER_EXISTS" };
  const held: Places = new Map();
  const taken = serviceOfAnother(tables, change, held);
  if (taken !== undefined) return { ok: false, refusal: "SERVICE_TAKEN", service: taken };
  const created = { ownerId, ownerName: owner.ownerName, keyDigest: owner.keyDigest, version: 1 };
  tables.insertOwner(created);
  return { ok: true, head: { ...created, services: writeServices(tables, change, held) } };
}

/** Within one transaction: a refusal comes before the first write. */
export function updateOwner(tables: EmbeddedTables, expectedVersion: number, change: Change): StoreResult {
  const { ownerId } = change;
  const head = tables.owner(ownerId);
  if (!head) return { ok: false, refusal: "OWNER_UNKNOWN" };
  if (head.version !== expectedVersion) return { ok: false, refusal: "VERSION_CHANGED" };
  const held = tables.places(ownerId);
  const unknown = change.services.find((service) => "keep" in service && !held.has(service.name));
  if (unknown) throw new TypeError(`keep: the head doesn't hold the service ${JSON.stringify(unknown.name)}`);
  const taken = serviceOfAnother(tables, change, held);
  if (taken !== undefined) return { ok: false, refusal: "SERVICE_TAKEN", service: taken };
  const version = head.version + 1;
  tables.setVersion(ownerId, version);
  return { ok: true, head: { ...head, version, services: writeServices(tables, change, held) } };
}

export function assertDistinct(services: readonly { readonly name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of services) {
    if (names.has(name)) throw new TypeError(`The service ${JSON.stringify(name)} is in the list twice`);
    names.add(name);
  }
}

function serviceOfAnother(tables: EmbeddedTables, { services }: Change, held: Places): string | undefined {
  return services.find(({ name }) => !held.has(name) && tables.isHeld(name))?.name;
}

/** Writes what differs, so that a change costs what it changes. */
function writeServices(tables: EmbeddedTables, change: Change, held: Places): OwnerHead["services"] {
  const { ownerId, author, createdAt } = change;
  const names = new Set(change.services.map(({ name }) => name));
  for (const name of held.keys()) if (!names.has(name)) tables.removePlace(name);
  let position = -1;
  return change.services.map((service) => {
    const { name } = service;
    const place = held.get(name);
    const revision =
      "keep" in service
        ? place!.revision
        : tables.insertRevision({ name, ownerId, author, createdAt, definition: service.definition });
    position = place && place.position > position ? place.position : position + 1;
    if (place?.revision !== revision || place.position !== position) tables.putPlace(ownerId, name, { revision, position });
    return { name, revision };
  });
}
