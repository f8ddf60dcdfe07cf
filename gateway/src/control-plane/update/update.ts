import { isDeepStrictEqual } from "node:util";
import { GatewayError } from "../../core/errors.ts";
import type { Caller, ControlPlaneContext } from "../context.ts";
import { invalidField } from "../fields.ts";
import { unauthenticated } from "../key-check.ts";
import type { LinkedService } from "../publish/publisher.ts";
import { removedServices } from "../publish/removed-services.ts";
import { linkServices } from "../register/link-services.ts";
import { NAME_LENGTH, parseOwner, parseServices, type RequestedService, serviceTaken } from "../register/registration.ts";
import type { RegistrationBody } from "../register/registration-body.ts";
import type { OwnerHead, ServiceWrite } from "../store/store.ts";
import { matchesVersion } from "./if-match.ts";
import { keptOptions } from "./kept-options.ts";

export interface UpdateRequest {
  readonly ownerId: string;
  readonly apiKey: string | undefined;
  readonly ifMatch: string | undefined;
  /** Read only once the key was checked. */
  readBody(): Promise<RegistrationBody>;
}

export interface Updated {
  /** Of the owner's head, for If-Match. */
  readonly version: number;
}

/** Replaces the whole list of an owner's services: one left out is removed, one that is the same keeps its revision. */
export async function update(context: ControlPlaneContext, request: UpdateRequest, caller: Caller): Promise<Updated> {
  const { audit, config, keys, linker, publisher, store } = context;
  const { ownerId, apiKey, ifMatch } = request;
  if (!apiKey) throw unauthenticated();
  const head = await store.owner(ownerId);
  if (!head) throw new GatewayError("UNKNOWN_OWNER", "There is no such owner.");
  const author = keys.assertOwner(apiKey, head.keyDigest);
  if (ifMatch !== undefined && !matchesVersion(ifMatch, head.version)) throw preconditionFailed();

  const { json, uploads } = await request.readBody();
  const owner = parseOwner(json);
  if (owner.raw("OwnerId") !== undefined && owner.text("OwnerId", { maxLength: NAME_LENGTH }) !== ownerId) {
    throw new GatewayError("OWNER_MISMATCH", "OwnerId and the query's ownerid differ; an owner's ID never changes.", {
      members: { pointer: owner.place("OwnerId") },
    });
  }
  if (owner.raw("OwnerName") !== undefined && owner.text("OwnerName", { maxLength: NAME_LENGTH }) !== head.ownerName) {
    throw invalidField(owner.place("OwnerName"), "OwnerName stays as it was registered; leave it out, or send the same.");
  }
  const services = parseServices(owner, config.limits, { uploads });
  if (!services) throw invalidField(owner.place("Services"), "Services is missing: it replaces the whole list; [] removes all.");

  const linked = await linkServices(linker, services);
  const writes = await Promise.all(services.map((service) => writeOf(context, head, service, linked)));
  if (!isChange(head, writes)) return { version: head.version };

  const release = publisher.claims.take(ownerId, linked);
  for (const write of writes) if ("keep" in write) linked.delete(write.name);
  const result = await publisher
    .commit(ownerId, linked, () => store.updateOwner(ownerId, head.version, writes, author))
    .finally(release);
  if (!result.ok) throw serviceTaken(services, result.service) ?? (ifMatch === undefined ? overtaken() : preconditionFailed());

  await disconnectInstances(context, removedServices(head, result.head));
  audit.info(
    { action: "update", ownerId, author, version: result.head.version, services: result.head.services, ...caller },
    "services updated",
  );
  return { version: result.head.version };
}

/** What the store is to write; in `linked` the definition is the same. */
async function writeOf(
  { store }: ControlPlaneContext,
  head: OwnerHead,
  { name, definition: requested }: RequestedService,
  linked: Map<string, LinkedService>,
): Promise<ServiceWrite> {
  const current = head.services.find((service) => service.name === name);
  const stored = current && (await store.serviceRevision(name, current.revision));
  const service = linked.get(name)!;
  const options = requested.options ?? keptOptions(name, stored?.definition, service.schema);
  const definition = options ? { ...requested, options } : requested;
  linked.set(name, { ...service, definition });
  return stored && isDeepStrictEqual(stored.definition, definition) ? { name, keep: true } : { name, definition };
}

function isChange(head: OwnerHead, writes: readonly ServiceWrite[]): boolean {
  return writes.length !== head.services.length || writes.some((write) => !("keep" in write));
}

function overtaken(): GatewayError {
  return new GatewayError("CONFLICT", "Another update of this owner came first; look at the services again and repeat.");
}

function preconditionFailed(): GatewayError {
  return new GatewayError("PRECONDITION_FAILED", "The owner was changed since the version that If-Match names.");
}

/** The instances of a service that was removed must not serve whoever takes the name next. */
async function disconnectInstances(
  { logger, publisher, registry }: ControlPlaneContext,
  removed: readonly string[],
): Promise<void> {
  for (const name of removed) {
    for (const { id } of publisher.instances(name)) {
      try {
        await registry.leave(id);
        publisher.left(name, id);
      } catch (error) {
        logger.warn({ err: error, service: name, serverId: id }, "an instance of a removed service could not be disconnected");
      }
    }
  }
}
