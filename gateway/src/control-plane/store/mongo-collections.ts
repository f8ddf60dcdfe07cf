import type { Collection, Db } from "mongodb";
import type { MetaDocument, OwnerDocument, RevisionDocument, SettingDocument } from "./mongo-documents.ts";

/** What this program wrote; a higher number is a newer program's. */
const FORMAT = 1;

export interface MongoCollections {
  readonly owners: Collection<OwnerDocument>;
  readonly revisions: Collection<RevisionDocument>;
  readonly settings: Collection<SettingDocument>;
  readonly meta: Collection<MetaDocument>;
}

export function mongoCollections(db: Db): MongoCollections {
  return {
    owners: db.collection("owner"),
    revisions: db.collection("revision"),
    settings: db.collection("setting"),
    meta: db.collection("meta"),
  };
}

/** @throws {Error} for the operator, when a newer program wrote the database */
export function assertKnownFormat(format: MetaDocument | null, dbName: string): void {
  if (!format || format.value <= FORMAT) return;
  throw new Error(
    `The database ${dbName} has format ${JSON.stringify(format.value)}, and this program knows up to ${FORMAT}: a newer one wrote it. Start that one, or name another database`,
  );
}

/** Makes what is not there yet; several processes may do it at once. */
export async function prepareCollections({ owners, revisions, meta }: MongoCollections): Promise<void> {
  // Partial: an empty list would count as the same value for each owner.
  await owners.createIndexes([
    { key: { "services.name": 1 }, unique: true, partialFilterExpression: { "services.name": { $exists: true } } },
    { key: { claims: 1 }, unique: true, partialFilterExpression: { "claims.0": { $exists: true } } },
    { key: { number: 1 } },
  ]);
  await revisions.createIndexes([
    { key: { name: 1, revision: 1 } },
    // Those that heads hold and those that were left behind: few beside the history.
    { key: { accepted: 1 }, partialFilterExpression: { accepted: false } },
  ]);
  await insertOnce(meta, { _id: "changes", value: 0 });
  await insertOnce(meta, { _id: "format", value: FORMAT });
}

/** An upsert would do the same, but two at once may both try to insert. */
export async function insertOnce<T extends { readonly _id: string }>(collection: Collection<T>, document: T): Promise<void> {
  try {
    await collection.insertOne(document as Parameters<typeof collection.insertOne>[0]);
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

const DUPLICATE_KEY = 11_000;

interface DuplicateKeyError {
  readonly keyValue?: Readonly<Record<string, unknown>>;
}

export function isDuplicateKey(error: unknown): error is DuplicateKeyError {
  return (error as { code?: unknown }).code === DUPLICATE_KEY;
}
