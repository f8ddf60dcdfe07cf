import { digestApiKey, generateApiKey } from "../../core/api-key.ts";
import { GatewayError } from "../../core/errors.ts";
import type { Caller, ControlPlaneContext } from "../context.ts";
import { linkServices } from "./link-services.ts";
import { NAME_LENGTH, parseOwner, parseServices, serviceTaken } from "./registration.ts";
import type { RegistrationBody } from "./registration-body.ts";

export interface Registered {
  /** Shown here and never again. */
  readonly apiKey: string;
  /** Of the owner's head, for If-Match. */
  readonly version: number;
  /** The body held the registry proxy, which is no service here. */
  readonly leftOutProxy: boolean;
}

/** A new owner with its services: all of them are stored and served, or nothing is. */
export async function register(
  context: ControlPlaneContext,
  { json, uploads }: RegistrationBody,
  caller: Caller,
): Promise<Registered> {
  const { audit, config, linker, publisher, store } = context;
  const owner = parseOwner(json);
  const ownerId = owner.text("OwnerId", { maxLength: NAME_LENGTH });
  const ownerName = owner.text("OwnerName", { maxLength: NAME_LENGTH });
  const services = parseServices(owner, config.limits, { uploads, leaveOutProxy: true }) ?? [];
  const requested = owner.list("Services", config.limits.maxServicesPerOwner)?.length ?? 0;
  const linked = await linkServices(linker, services);

  const apiKey = generateApiKey();
  const keyDigest = digestApiKey(apiKey);
  const definitions = services.map(({ name, definition }) => ({ name, definition }));
  const release = publisher.claims.take(ownerId, linked);
  const result = await publisher
    .commit(ownerId, linked, () => store.createOwner({ ownerId, ownerName, keyDigest }, definitions, "owner"))
    .finally(release);
  if (!result.ok) {
    throw (
      serviceTaken(services, result.service) ??
      new GatewayError("CONFLICT", "This owner is registered already; /update changes its services.", {
        members: { pointer: owner.place("OwnerId") },
      })
    );
  }
  audit.info(
    { action: "register", ownerId, author: "owner", version: result.head.version, services: result.head.services, ...caller },
    "owner registered",
  );
  return { apiKey, version: result.head.version, leftOutProxy: services.length < requested };
}
