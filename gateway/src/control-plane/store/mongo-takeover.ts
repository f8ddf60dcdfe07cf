import type { Collection } from "mongodb";
import { z } from "zod";
import { digestApiKey } from "../../core/api-key.ts";
import type { BoundedCalls } from "./mongo-calls.ts";
import { insertOnce, type MongoCollections } from "./mongo-collections.ts";
import { faultText } from "./mongo-documents.ts";
import type { LeftOut, ServiceCheck, ServiceDefinition, Store, TakeoverReport } from "./store.ts";

/** What the original gateway calls it by default. */
export const ORIGINAL_COLLECTION = "admin_services";
/** Its own, for every call. */
const ORIGINAL_DEADLINE_MS = 100_000;
const AUTHOR = "takeover";
const NAME_TAKEN = "The name is another owner's.";

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const count = z
  .number()
  .int()
  .min(0)
  .nullish()
  .transform((value) => value ?? 0);
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
const name = z.string().trim().min(1);

/** One document an owner; the names are those of the original's fields in lower case. */
const ownerSchema = z.object({ ownerid: name, ownername: text, apikey: z.string().min(1), services: list(z.unknown()) });
const serviceSchema = z.object({
  servicename: name,
  serviceid: text,
  idlcontent: text,
  version: text,
  servicedescription: text,
  servercount: count,
  paths: list(z.object({ methodpath: z.string(), exposedmethod: z.string() })),
  registeredservers: list(z.object({ serverurl: z.string(), port: count })),
});

export interface TakeoverOptions {
  readonly collections: MongoCollections;
  readonly original: Collection;
  readonly calls: BoundedCalls;
  readonly store: Pick<Store, "createOwner" | "owner">;
}

/**
 * Owner by owner, the older first, so that one that was cut off goes on where it was, and two at once do it together: an owner
 * that is there with the same key was taken over.
 */
export async function takeOverOriginal(options: TakeoverOptions, check: ServiceCheck): Promise<TakeoverReport | undefined> {
  const { collections, original, calls } = options;
  const { meta } = collections;
  const [done, first] = await calls.run(() => Promise.all([meta.findOne({ _id: "takeover" }), original.findOne()]));
  if (done || !first) return undefined;

  const leftOut: LeftOut[] = [];
  let owners = 0;
  let services = 0;
  for (const { _id } of await calls.run(() =>
    original
      .find({}, { projection: { _id: 1 } })
      .sort({ _id: 1 })
      .toArray(),
  )) {
    const document = await calls.run(() => original.findOne({ _id }));
    const taken = await takeOverOwner(options, check, document, leftOut);
    owners += taken === undefined ? 0 : 1;
    services += taken ?? 0;
  }
  await calls.run(() => insertOnce(meta, { _id: "takeover", value: owners, leftOut }));
  return { owners, services, leftOut };
}

/** How many services it has here; `undefined`: it was left out. */
async function takeOverOwner(
  { store }: TakeoverOptions,
  check: ServiceCheck,
  document: unknown,
  leftOut: LeftOut[],
): Promise<number | undefined> {
  const parsed = ownerSchema.safeParse(document);
  if (!parsed.success) {
    leftOut.push({ ownerId: idOf(document), reason: faultText(parsed.error) });
    return undefined;
  }
  const { ownerid: ownerId, ownername: ownerName, apikey, services: originals } = parsed.data;
  const keyDigest = digestApiKey(apikey);
  const services = await readServices(ownerId, originals, check, leftOut);
  for (;;) {
    const result = await store.createOwner(
      { ownerId, ownerName: ownerName || ownerId, keyDigest },
      [...services.values()],
      AUTHOR,
    );
    if (result.ok) return services.size;
    if (result.refusal === "SERVICE_TAKEN" && result.service !== undefined && services.delete(result.service)) {
      leftOut.push({ ownerId, service: result.service, reason: NAME_TAKEN });
      continue;
    }
    const present = await store.owner(ownerId);
    if (present?.keyDigest === keyDigest) {
      for (const { name } of present.services) services.delete(name);
      for (const service of services.keys()) leftOut.push({ ownerId, service, reason: NAME_TAKEN });
      return present.services.length;
    }
    leftOut.push({ ownerId, reason: "There is an owner with this ID." });
    return undefined;
  }
}

async function readServices(
  ownerId: string,
  originals: readonly unknown[],
  check: ServiceCheck,
  leftOut: LeftOut[],
): Promise<Map<string, { name: string; definition: ServiceDefinition }>> {
  const services = new Map<string, { name: string; definition: ServiceDefinition }>();
  for (const original of originals) {
    const parsed = serviceSchema.safeParse(original);
    if (!parsed.success) {
      leftOut.push({ ownerId, service: nameOf(original), reason: faultText(parsed.error) });
      continue;
    }
    const service = { name: parsed.data.servicename, definition: definitionOf(parsed.data) };
    const reason = services.has(service.name) ? "The owner has the name twice." : await check(service);
    if (reason === undefined) services.set(service.name, service);
    else leftOut.push({ ownerId, service: service.name, reason });
  }
  return services;
}

function definitionOf(original: z.output<typeof serviceSchema>): ServiceDefinition {
  const mainFile = `${original.servicename}.thrift`;
  return {
    serviceId: original.serviceid,
    idlFiles: { [mainFile]: original.idlcontent },
    mainFile,
    version: original.version,
    description: original.servicedescription,
    serverCount: original.servercount,
    paths: original.paths.map(({ methodpath, exposedmethod }) => ({ methodPath: methodpath, exposedMethod: exposedmethod })),
    registeredServers: original.registeredservers.map(({ serverurl, port }) => ({ serverUrl: serverurl, port })),
    options: { lenient: true, deadlineMs: ORIGINAL_DEADLINE_MS },
  };
}

function idOf(document: unknown): string {
  const { ownerid, _id } = (document ?? {}) as { ownerid?: unknown; _id?: unknown };
  return typeof ownerid === "string" && ownerid !== "" ? ownerid : `document ${String(_id)}`;
}

function nameOf(service: unknown): string {
  const { servicename } = (service ?? {}) as { servicename?: unknown };
  return typeof servicename === "string" ? servicename : "";
}
