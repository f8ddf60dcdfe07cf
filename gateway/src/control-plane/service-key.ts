import { digestApiKey } from "../core/api-key.ts";
import { GatewayError } from "../core/errors.ts";
import type { ControlPlaneContext } from "./context.ts";
import { type KeyHolder, unauthenticated } from "./key-check.ts";
import type { CatalogService } from "./publish/catalog.ts";

/**
 * That the key is anybody's at all.
 * @throws {GatewayError} UNAUTHENTICATED
 */
export function assertKnownKey({ keys, publisher }: ControlPlaneContext, key: string): void {
  if (!publisher.catalog.ownerOfKey(digestApiKey(key)) && !keys.isMaster(key)) throw unauthenticated();
}

/**
 * That the key may act for a service. Who has no key of this gateway learns nothing else, also not which services there are.
 * @throws {GatewayError} UNAUTHENTICATED, SERVICE_NOT_FOUND, FORBIDDEN
 */
export function assertServiceKey(
  context: ControlPlaneContext,
  key: string,
  serviceName: string,
): { service: CatalogService; holder: KeyHolder } {
  assertKnownKey(context, key);
  const { catalog } = context.publisher;
  const service = catalog.service(serviceName);
  const owner = service && catalog.owner(service.ownerId);
  if (!owner) throw serviceNotFound();
  try {
    return { service, holder: context.keys.assertOwner(key, owner.keyDigest) };
  } catch (cause) {
    throw new GatewayError("FORBIDDEN", "This key is another owner's.", { cause });
  }
}

export function serviceNotFound(pointer = "/ServiceName"): GatewayError {
  return new GatewayError("SERVICE_NOT_FOUND", "There is no such service.", { members: { pointer } });
}
