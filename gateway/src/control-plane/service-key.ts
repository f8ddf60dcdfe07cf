import { digestApiKey } from "../core/api-key.ts";
import { GatewayError } from "../core/errors.ts";
import type { ControlPlaneContext } from "./context.ts";
import { type KeyHolder, unauthenticated } from "./key-check.ts";
import type { CatalogService } from "./publish/catalog.ts";

/** A service, and who asks something of it. */
export interface ServiceKey {
  readonly service: CatalogService;
  readonly holder: KeyHolder;
}

/**
 * That the key is anybody's at all. A key that another gateway has just issued is: the store is asked before it is refused.
 * @throws {GatewayError} UNAUTHENTICATED
 */
export async function assertKnownKey(context: ControlPlaneContext, key: string): Promise<void> {
  const keyDigest = digestApiKey(key);
  const isKnown = () => context.publisher.catalog.ownerOfKey(keyDigest) !== undefined || context.keys.isMaster(key);
  if (isKnown()) return;
  await context.publisher.catchUp((head) => head.keyDigest === keyDigest);
  if (!isKnown()) throw unauthenticated();
}

/**
 * That the key may act for a service, which another gateway may have just taken in. Who has no key of this gateway learns nothing
 * else, also not which services there are.
 * @throws {GatewayError} UNAUTHENTICATED, SERVICE_NOT_FOUND, FORBIDDEN
 */
export async function assertServiceKey(context: ControlPlaneContext, key: string, serviceName: string): Promise<ServiceKey> {
  await assertKnownKey(context, key);
  try {
    return serviceKey(context, key, serviceName);
  } catch {
    await context.publisher.catchUp(({ services }) => services.some(({ name }) => name === serviceName));
    return serviceKey(context, key, serviceName);
  }
}

function serviceKey({ keys, publisher }: ControlPlaneContext, key: string, serviceName: string): ServiceKey {
  const { catalog } = publisher;
  const service = catalog.service(serviceName);
  const owner = service && catalog.owner(service.ownerId);
  if (!owner) throw serviceNotFound();
  try {
    return { service, holder: keys.assertOwner(key, owner.keyDigest) };
  } catch (cause) {
    throw new GatewayError("FORBIDDEN", "This key is another owner's.", { cause });
  }
}

export function serviceNotFound(pointer = "/ServiceName"): GatewayError {
  return new GatewayError("SERVICE_NOT_FOUND", "There is no such service.", { members: { pointer } });
}
