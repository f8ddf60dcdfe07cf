import { randomUUID } from "node:crypto";
import { GatewayError } from "../../core/errors.ts";
import { isDuplicateKey, type MongoCollections } from "./mongo-collections.ts";
import {
  fromText,
  type OwnerDocument,
  parseOwner,
  type RevisionDocument,
  type ServicePlace,
  type StoredOwner,
  toText,
} from "./mongo-documents.ts";
import type { OwnerHead, ServiceWrite, StoreResult } from "./store.ts";

/** One call's change of an owner, through all its attempts. */
export interface MongoChange {
  readonly ownerId: string;
  readonly services: readonly ServiceWrite[];
  readonly author: string;
  readonly createdAt: Date;
  /** The heads that attempts tried to store, by the attempt's ID: one whose answer was lost may have been stored all the same. */
  readonly attempts: Map<string, OwnerHead>;
}

type Identity = Pick<OwnerHead, "ownerName" | "keyDigest">;

/** A document has 16 MiB at most; the rest is for what stands beside the definition. */
const MAX_DEFINITION_BYTES = 15 * 1024 * 1024;
/** Far more than can be made while one call lasts. */
const REMEMBERED_CHANGES = 32;
const REMEMBERED_CLAIMS = 1_000;
const NO_OWNER: Omit<StoredOwner, "head" | "faults"> = { services: [], claims: [], changes: [], faultyDocuments: [] };

/**
 * `abandoned`: attempts of an earlier call that nobody got an answer for. The owner that one of them made has a key that nobody
 * knows, so it is replaced.
 */
export async function createOwner(
  collections: MongoCollections,
  identity: Identity,
  change: MongoChange,
  abandoned: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<StoreResult> {
  for (;;) {
    const found = await findOwner(collections, change.ownerId);
    const own = ownResult(found, change);
    if (own) return own;
    if (found && !isAbandoned(found, abandoned)) return { ok: false, refusal: "OWNER_EXISTS" };
    const result = await attempt(collections, identity, found, change, signal);
    if (result !== "overtaken") return result;
  }
}

export async function updateOwner(
  collections: MongoCollections,
  expectedVersion: number,
  change: MongoChange,
  signal: AbortSignal,
): Promise<StoreResult> {
  for (;;) {
    const found = await findOwner(collections, change.ownerId);
    if (!found) return { ok: false, refusal: "OWNER_UNKNOWN" };
    const own = ownResult(found, change);
    if (own) return own;
    if (found.head.version !== expectedVersion) return { ok: false, refusal: "VERSION_CHANGED" };
    const result = await attempt(collections, found.head, found, change, signal);
    if (result !== "overtaken") return result;
  }
}

async function findOwner({ owners }: MongoCollections, ownerId: string): Promise<StoredOwner | undefined> {
  const document = await owners.findOne({ _id: toText(ownerId) });
  return document ? parseOwner(document) : undefined;
}

function isAbandoned({ changes }: StoredOwner, abandoned: ReadonlySet<string>): boolean {
  return changes.length > 0 && changes.every((id) => abandoned.has(id));
}

function ownResult(found: StoredOwner | undefined, { attempts }: MongoChange): StoreResult | undefined {
  const id = found?.changes.find((id) => attempts.has(id));
  return id === undefined ? undefined : { ok: true, head: attempts.get(id)! };
}

/**
 * Writes what nobody refers to yet, then moves the head. A crash in between leaves revisions that no head ever held.
 * `overtaken`: somebody else changed what this was computed from.
 */
async function attempt(
  collections: MongoCollections,
  { ownerName, keyDigest }: Identity,
  found: StoredOwner | undefined,
  change: MongoChange,
  signal: AbortSignal,
): Promise<StoreResult | "overtaken"> {
  const { ownerId, services } = change;
  const base = found ?? NO_OWNER;
  const held = new Map(base.services.map((place) => [place.name, place]));
  const unknown = services.find((service) => "keep" in service && !held.has(toText(service.name)));
  if (unknown) throw new TypeError(`keep: the head doesn't hold the service ${JSON.stringify(unknown.name)}`);

  const free = services.map(({ name }) => toText(name)).filter((name) => !held.has(name));
  const [taken, last] = await Promise.all([
    serviceOfAnother(collections, ownerId, free),
    lastRevisions(collections, free, base.faultyDocuments),
  ]);
  if (taken !== undefined) return { ok: false, refusal: "SERVICE_TAKEN", service: fromText(taken) };

  const id = randomUUID();
  const places = services.map((service, index): ServicePlace => {
    const name = toText(service.name);
    const before = held.get(name);
    if (before && "keep" in service) return before;
    return { name, revision: (before?.revision ?? last.get(name) ?? 0) + 1, document: `${id}/${index}` };
  });
  const revisions = revisionDocuments(change, places);
  const kept = new Set(places.map(({ document }) => document));
  const before = [...base.services.map(({ document }) => document), ...base.faultyDocuments];
  const replaced = before.filter((document) => !kept.has(document));

  signal.throwIfAborted();
  const [number] = await Promise.all([
    nextNumber(collections),
    markAccepted(collections, replaced),
    revisions.length > 0 ? collections.revisions.insertMany(revisions, { ordered: false }) : undefined,
  ]);

  const head: OwnerHead = {
    ownerId,
    ownerName,
    keyDigest,
    version: (found?.head.version ?? 0) + 1,
    services: places.map(({ name, revision }) => ({ name: fromText(name), revision })),
  };
  const claims = places.filter(({ name }) => !held.has(name)).map(({ name, revision }) => `${name}@${revision}`);
  const document: OwnerDocument = {
    _id: toText(ownerId),
    ownerName: toText(ownerName),
    keyDigest: toText(keyDigest),
    version: head.version,
    services: places,
    claims: [...base.claims, ...claims].slice(-(REMEMBERED_CLAIMS + places.length)),
    changes: [id, ...base.changes].slice(0, REMEMBERED_CHANGES),
    number,
  };
  // Whoever waited for this was told that it failed.
  signal.throwIfAborted();
  const hadLostAnswers = change.attempts.size > 0;
  change.attempts.set(id, head);
  const outcome = await moveHead(collections, found, document);
  if (outcome === "moved") return { ok: true, head };

  change.attempts.delete(id);
  await collections.revisions.deleteMany({ _id: { $in: revisions.map(({ _id }) => _id) } }).catch(() => {});
  // It may have been an attempt of this very call that moved the head.
  if (hadLostAnswers || outcome === "claimed") return "overtaken";
  if (typeof outcome === "object") return { ok: false, refusal: "SERVICE_TAKEN", service: fromText(outcome.taken) };
  return found ? { ok: false, refusal: "VERSION_CHANGED" } : { ok: false, refusal: "OWNER_EXISTS" };
}

/** `claimed`: somebody had one of the free names in between. */
type Outcome = "moved" | "changed" | "claimed" | { readonly taken: string };

async function moveHead({ owners }: MongoCollections, found: StoredOwner | undefined, document: OwnerDocument): Promise<Outcome> {
  try {
    if (!found) {
      await owners.insertOne(document);
      return "moved";
    }
    const { _id, ...replacement } = document;
    const { matchedCount } = await owners.replaceOne({ _id, version: found.head.version }, replacement);
    return matchedCount === 1 ? "moved" : "changed";
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    const { keyValue = {} } = error;
    if (typeof keyValue["services.name"] === "string") return { taken: keyValue["services.name"] };
    return "claims" in keyValue ? "claimed" : "changed";
  }
}

/** The first one in the list. */
async function serviceOfAnother(
  { owners }: MongoCollections,
  ownerId: string,
  names: readonly string[],
): Promise<string | undefined> {
  if (names.length === 0) return undefined;
  const others = { "services.name": { $in: names }, _id: { $ne: toText(ownerId) } };
  const holders = owners.find(others, { projection: { "services.name": 1 } });
  const taken = new Set<unknown>();
  for await (const { services } of holders) for (const { name } of services) taken.add(name);
  return names.find((name) => taken.has(name));
}

/** Of names that nobody holds: what was accepted is marked then, but for what is `held` in a way that can't be read. */
async function lastRevisions(
  { revisions }: MongoCollections,
  names: readonly string[],
  held: readonly string[],
): Promise<Map<string, number>> {
  if (names.length === 0) return new Map();
  const last = revisions.aggregate<{ _id: string; revision: number }>([
    { $match: { name: { $in: names }, $or: [{ accepted: true }, { _id: { $in: held } }] } },
    { $group: { _id: "$name", revision: { $max: "$revision" } } },
  ]);
  return new Map((await last.toArray()).map(({ _id, revision }) => [_id, revision]));
}

async function markAccepted({ revisions }: MongoCollections, documents: readonly string[]): Promise<void> {
  if (documents.length > 0) await revisions.updateMany({ _id: { $in: documents } }, { $set: { accepted: true } });
}

async function nextNumber({ meta }: MongoCollections): Promise<number> {
  const counter = await meta.findOneAndUpdate(
    { _id: "changes" },
    { $inc: { value: 1 } },
    { upsert: true, returnDocument: "after" },
  );
  return counter!.value;
}

function revisionDocuments(
  { ownerId, services, author, createdAt }: MongoChange,
  places: readonly ServicePlace[],
): RevisionDocument[] {
  return services.flatMap((service, index) => {
    if ("keep" in service) return [];
    const { name, revision, document: _id } = places[index]!;
    const definition = JSON.stringify(service.definition);
    if (Buffer.byteLength(definition) > MAX_DEFINITION_BYTES) {
      throw new GatewayError("IDL_TOO_LARGE", `The service ${service.name} is too large for the store.`, {
        members: { service: service.name },
      });
    }
    return [{ _id, name, revision, ownerId: toText(ownerId), createdAt, author: toText(author), definition, accepted: false }];
  });
}
