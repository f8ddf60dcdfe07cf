import { z } from "zod";
import { PROTOCOLS, TRANSPORTS } from "../publish/dialect.ts";
import type { LeftOut, OwnerHead, ServiceDefinition, ServiceOptions, ServiceRevision } from "./store.ts";

/**
 * Text from outside is kept as a JSON string, as in the embedded store: BSON replaces lone surrogates, so that two names would
 * become one.
 */
export const toText = (value: string): string => JSON.stringify(value);
export const fromText = (text: string): string => JSON.parse(text) as string;

/** The revision of a service that an owner's head holds. */
export interface ServicePlace {
  /** Text, like all names and IDs. */
  readonly name: string;
  readonly revision: number;
  /** The revision's document: numbers alone don't tell it from one that a writer left behind. */
  readonly document: string;
}

/** Of the collection `owner`. */
export interface OwnerDocument {
  /** The owner's ID. */
  readonly _id: string;
  readonly ownerName: string;
  readonly keyDigest: string;
  readonly version: number;
  readonly services: readonly ServicePlace[];
  /** `name@revision` of each time the owner took a free name: who computed the same number from an older state can't take it. */
  readonly claims: readonly string[];
  /** The attempts that made the last versions, newest first: a writer that got no answer recognises its own. */
  readonly changes: readonly string[];
  /** Grows with each change of any owner; may become visible out of order. */
  readonly number: number;
}

/** Of the collection `revision`. Nobody sees it before a head holds it. */
export interface RevisionDocument {
  readonly _id: string;
  readonly name: string;
  readonly revision: number;
  readonly ownerId: string;
  readonly createdAt: Date;
  readonly author: string;
  /** As JSON: names of files may hold what names of fields may not. */
  readonly definition: string;
  /** A head held it; set by whoever replaces it there, before. */
  readonly accepted: boolean;
}

/** Of the collection `setting`. */
export interface SettingDocument {
  readonly _id: string;
  readonly value: string;
}

/** Of the collection `meta`: `format`; `changes`, the last number that was given to a change; `takeover`, the owners taken over. */
export interface MetaDocument {
  readonly _id: string;
  readonly value: number;
  readonly leftOut?: readonly LeftOut[];
}

/** A document that another version wrote, or somebody by hand. */
export class DocumentFault extends Error {
  override readonly name = "DocumentFault";
}

const text = z.string().transform((value, context) => {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === "string") return parsed;
  } catch {
    // Refused below.
  }
  context.addIssue({ code: "custom", message: "expected a JSON string" });
  return z.NEVER;
});
const counter = z.number().int().min(1);

const placeSchema = z.object({ name: text, revision: counter, document: z.string() });
const ownerSchema = z.object({
  _id: text,
  ownerName: text,
  keyDigest: text,
  version: counter,
  services: z.array(z.unknown()),
  claims: z.array(z.string()),
  changes: z.array(z.string()),
});
const revisionSchema = z.object({
  _id: z.string(),
  name: text,
  revision: counter,
  ownerId: text,
  createdAt: z.date(),
  author: text,
  definition: z.string(),
});
const methodOptions = { deadlineMs: z.number().int().min(1).optional(), idempotent: z.boolean().optional() };
/** Only checked, so that what a newer version added stays. */
const optionsSchema = z.object({
  ...methodOptions,
  i64: z.enum(["number", "string"]).optional(),
  enums: z.enum(["number", "name"]).optional(),
  unknownFields: z.enum(["ignore", "reject"]).optional(),
  lenient: z.boolean().optional(),
  transport: z.enum(TRANSPORTS).optional(),
  protocol: z.enum(PROTOCOLS).optional(),
  multiplexed: z.union([z.boolean(), z.string()]).optional(),
  tls: z.boolean().optional(),
  tlsServerName: z.string().optional(),
  methods: z.record(z.string(), z.object(methodOptions)).optional(),
});
const definitionSchema: z.ZodType<ServiceDefinition> = z.object({
  serviceId: z.string(),
  // Not a zod record, which leaves out a file named "__proto__".
  idlFiles: z.custom<ServiceDefinition["idlFiles"]>(isTextMap, "expected an object of texts"),
  mainFile: z.string(),
  version: z.string(),
  description: z.string(),
  serverCount: z.number(),
  paths: z.array(z.object({ methodPath: z.string(), exposedMethod: z.string() })),
  registeredServers: z.array(z.object({ serverUrl: z.string(), port: z.number() })),
  options: z.custom<ServiceOptions>((value) => optionsSchema.safeParse(value).success, "expected options").optional(),
});

function isTextMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.values(value).every((member) => typeof member === "string");
}

/** An owner's head as the store works with it. */
export interface StoredOwner {
  readonly head: OwnerHead;
  /** As in the document, text included. */
  readonly services: readonly ServicePlace[];
  readonly claims: readonly string[];
  readonly changes: readonly string[];
  /** Services that can't be read; the others can. */
  readonly faults: readonly string[];
  /** Theirs, as far as that can be read. */
  readonly faultyDocuments: readonly string[];
}

/** @throws {DocumentFault} */
export function parseOwner(document: unknown): StoredOwner {
  const { _id: ownerId, ownerName, keyDigest, version, services, claims, changes } = parse(ownerSchema, document);
  const readable: { readonly place: ServicePlace; readonly name: string; readonly revision: number }[] = [];
  const faults: string[] = [];
  const faultyDocuments: string[] = [];
  for (const [index, service] of services.entries()) {
    const parsed = placeSchema.safeParse(service);
    if (parsed.success) {
      readable.push({ place: service as ServicePlace, ...parsed.data });
      continue;
    }
    faults.push(`services.${index}: ${faultText(parsed.error)}`);
    const { document } = (service ?? {}) as Partial<ServicePlace>;
    if (typeof document === "string") faultyDocuments.push(document);
  }
  return {
    head: { ownerId, ownerName, keyDigest, version, services: readable.map(({ name, revision }) => ({ name, revision })) },
    services: readable.map(({ place }) => place),
    claims,
    changes,
    faults,
    faultyDocuments,
  };
}

/** @throws {DocumentFault} */
export function parseRevision(document: unknown): ServiceRevision {
  const { ownerId, name, revision, createdAt, author, definition } = parse(revisionSchema, document);
  return { ownerId, name, revision, createdAt, author, definition: parse(definitionSchema, parseJson(definition)) };
}

function parseJson(definition: string): unknown {
  try {
    return JSON.parse(definition);
  } catch {
    throw new DocumentFault("definition: expected JSON");
  }
}

function parse<T>(schema: z.ZodType<T>, document: unknown): T {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new DocumentFault(faultText(parsed.error));
}

/** Without the values: one may be a key. */
export function faultText(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join(".") || "document"}: ${message}`).join("; ");
}
