import type { EmbeddedTables } from "./embedded-tables.ts";
import type { OwnerHead, ServiceWrite, StoreResult } from "./store.ts";

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
  if (tables.owner(change.ownerId)) return { ok: false, refusal: "OWNER_EXISTS" };
  const taken = serviceOfAnother(tables, change);
  if (taken !== undefined) return { ok: false, refusal: "SERVICE_TAKEN", service: taken };
  const created = { ownerId: change.ownerId, ownerName: owner.ownerName, keyDigest: owner.keyDigest, version: 1 };
  tables.insertOwner(created);
  return { ok: true, head: { ...created, services: writeServices(tables, change, []) } };
}

/** Within one transaction: a refusal comes before the first write. */
export function updateOwner(tables: EmbeddedTables, expectedVersion: number, change: Change): StoreResult {
  const head = tables.owner(change.ownerId);
  if (!head) return { ok: false, refusal: "OWNER_UNKNOWN" };
  if (head.version !== expectedVersion) return { ok: false, refusal: "VERSION_CHANGED" };
  const held = new Set(head.services.map(({ name }) => name));
  const unknown = change.services.find((service) => "keep" in service && !held.has(service.name));
  if (unknown) throw new TypeError(`keep: the head doesn't hold the service ${JSON.stringify(unknown.name)}`);
  const taken = serviceOfAnother(tables, change);
  if (taken !== undefined) return { ok: false, refusal: "SERVICE_TAKEN", service: taken };
  const version = head.version + 1;
  tables.setVersion(change.ownerId, version);
  return { ok: true, head: { ...head, version, services: writeServices(tables, change, head.services) } };
}

export function assertDistinct(services: readonly { readonly name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of services) {
    if (names.has(name)) throw new TypeError(`The service ${JSON.stringify(name)} is in the list twice`);
    names.add(name);
  }
}

function serviceOfAnother(tables: EmbeddedTables, { ownerId, services }: Change): string | undefined {
  return services.find(({ name }) => {
    const place = tables.place(name);
    return place && place.ownerId !== ownerId;
  })?.name;
}

/** Writes what differs, so that a change costs what it changes. */
function writeServices(tables: EmbeddedTables, change: Change, before: OwnerHead["services"]): OwnerHead["services"] {
  const { ownerId, author, createdAt } = change;
  const names = new Set(change.services.map(({ name }) => name));
  for (const { name } of before) if (!names.has(name)) tables.removePlace(name);
  let position = -1;
  return change.services.map((service) => {
    const { name } = service;
    const place = tables.place(name);
    const revision =
      "keep" in service
        ? place!.revision
        : tables.insertRevision({ name, ownerId, author, createdAt, definition: service.definition });
    position = place && place.position > position ? place.position : position + 1;
    if (place?.revision !== revision || place.position !== position) tables.putPlace(name, { ownerId, revision, position });
    return { name, revision };
  });
}
