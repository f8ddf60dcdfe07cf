import type { BoundedCalls } from "./mongo-calls.ts";
import type { MongoCollections } from "./mongo-collections.ts";
import type { StoredOwner } from "./mongo-documents.ts";

/**
 * Deletes the revisions of writers that died before they moved the head. What is left out by every head in two sweeps is no
 * longer on its way there: sweeps are much further apart than a call lasts, so that nobody's clock matters.
 */
export function createOrphanSweep(
  { owners, revisions }: MongoCollections,
  calls: BoundedCalls,
  read: (document: unknown) => StoredOwner | undefined,
): () => Promise<void> {
  let suspects: ReadonlySet<string> = new Set();

  /** `undefined`: a head can't be read, so nobody knows what it holds. */
  async function heldDocuments(): Promise<Set<string> | undefined> {
    const held = new Set<string>();
    for (const document of await calls.run(() => owners.find().toArray())) {
      const owner = read(document);
      if (!owner || owner.faults.length > 0) return undefined;
      for (const place of owner.services) held.add(place.document);
    }
    return held;
  }

  return async () => {
    const pending = await calls.run(() => revisions.find({ accepted: false }, { projection: { _id: 1 } }).toArray());
    const held = await heldDocuments();
    if (!held) return;
    const orphans = pending.map(({ _id }) => _id).filter((id) => !held.has(id));
    const dead = orphans.filter((id) => suspects.has(id));
    suspects = new Set(orphans);
    if (dead.length > 0) await calls.run(() => revisions.deleteMany({ _id: { $in: dead }, accepted: false }));
  };
}
