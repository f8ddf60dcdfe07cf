import { GatewayError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import type { MongoCollections } from "./mongo-collections.ts";
import {
  DocumentFault,
  parseOwner,
  parseRevision,
  type RevisionDocument,
  type ServicePlace,
  type StoredOwner,
  toText,
} from "./mongo-documents.ts";
import type { OwnerHead, ServiceRevision } from "./store.ts";

/** A fault is told once, as long as this many are remembered: polls see the same document again and again. */
const MAX_TOLD_FAULTS = 1_000;

/** Reads what heads hold. A document that can't be understood is left out and logged; it never hides others. */
export function createMongoReader(logger: Pick<Logger, "error">) {
  const told = new Set<string>();

  function tellFault(collection: string, document: unknown, fault: string): void {
    const { _id: id } = document as { _id?: unknown };
    const key = JSON.stringify([collection, id, fault]);
    if (told.has(key)) return;
    if (told.size >= MAX_TOLD_FAULTS) told.clear();
    told.add(key);
    logger.error({ collection, id, fault }, "a document of the store can't be read");
  }

  function owner(document: unknown): StoredOwner | undefined {
    try {
      const parsed = parseOwner(document);
      for (const fault of parsed.faults) tellFault("owner", document, fault);
      return parsed;
    } catch (error) {
      if (!(error instanceof DocumentFault)) throw error;
      tellFault("owner", document, error.message);
      return undefined;
    }
  }

  function revision(document: RevisionDocument): ServiceRevision | undefined {
    try {
      return parseRevision(document);
    } catch (error) {
      if (!(error instanceof DocumentFault)) throw error;
      tellFault("revision", document, error.message);
      return undefined;
    }
  }

  /** The head is read first: a revision that is replaced meanwhile has been marked by then. */
  async function currentDocument({ owners }: MongoCollections, name: string): Promise<string | undefined> {
    const holder = await owners.findOne({ "services.name": name }, { projection: { services: { $elemMatch: { name } } } });
    const services: readonly Partial<ServicePlace>[] = holder?.services ?? [];
    return services[0]?.document;
  }

  return {
    owner,

    async findOwner({ owners }: MongoCollections, ownerId: string): Promise<OwnerHead | undefined> {
      const document = await owners.findOne({ _id: toText(ownerId) });
      if (!document) return undefined;
      const found = owner(document);
      // Not "unknown": it is there, and nobody may take its place.
      if (!found) throw new GatewayError("STORE_UNAVAILABLE", "The store holds this owner in a form that can't be read.");
      return found.head;
    },

    async findOwners({ owners }: MongoCollections): Promise<OwnerHead[]> {
      const documents = await owners.find().toArray();
      return documents.flatMap((document) => owner(document)?.head ?? []);
    },

    async findRevision(collections: MongoCollections, name: string, number: number): Promise<ServiceRevision | undefined> {
      const current = await currentDocument(collections, toText(name));
      const documents = await collections.revisions.find({ name: toText(name), revision: number }).toArray();
      const held = documents.find(({ _id, accepted }) => accepted || _id === current);
      return held && revision(held);
    },

    /** Of the documents that {@link revisionsOf} reads, some at a time. */
    async findCurrentIds({ owners }: MongoCollections): Promise<string[]> {
      const heads = await owners.find({}, { projection: { "services.document": 1 } }).toArray();
      return heads.flatMap(({ services }) => (Array.isArray(services) ? services.map(({ document }) => document) : []));
    },

    async revisionsOf({ revisions }: MongoCollections, ids: readonly string[]): Promise<ServiceRevision[]> {
      const documents = await revisions.find({ _id: { $in: ids } }).toArray();
      return documents.flatMap((document) => revision(document) ?? []);
    },

    async findHistory(collections: MongoCollections, name: string): Promise<ServiceRevision[]> {
      const current = await currentDocument(collections, toText(name));
      const documents = await collections.revisions
        .find({ name: toText(name) })
        .sort({ revision: 1 })
        .toArray();
      return documents.filter(({ _id, accepted }) => accepted || _id === current).flatMap((document) => revision(document) ?? []);
    },
  };
}
