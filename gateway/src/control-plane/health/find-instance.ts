import { GatewayError } from "../../core/errors.ts";
import { isServerId } from "../connect/server-id.ts";
import type { ControlPlaneContext } from "../context.ts";
import { Fields, invalidField } from "../fields.ts";
import { KEY_RULE, type KeyHolder } from "../key-check.ts";
import type { InstanceRecord } from "../registry/registry.ts";
import { assertKnownKey, assertServiceKey } from "../service-key.ts";

const SERVER_ID_LENGTH = 64;

/**
 * The instance that a body `{ApiKey, ServerID}` names, its key checked.
 * @throws {GatewayError} UNAUTHENTICATED, FORBIDDEN, UNKNOWN_SERVER
 */
export async function findInstance(
  context: ControlPlaneContext,
  body: unknown,
): Promise<{ record: InstanceRecord; holder: KeyHolder }> {
  const fields = new Fields(body, "", ["ApiKey", "ServerID"]);
  const key = fields.optionalText("ApiKey", KEY_RULE);
  const serverId = fields.text("ServerID", { maxLength: SERVER_ID_LENGTH }).toLowerCase();
  if (!isServerId(serverId)) throw invalidField(fields.place("ServerID"), "ServerID must be the UUID that /connect answered.");
  await assertKnownKey(context, key);
  const record = await context.registry.find(serverId);
  if (!record) throw unknownServer();
  try {
    return { record, holder: (await assertServiceKey(context, key, record.serviceName)).holder };
  } catch (error) {
    throw error instanceof GatewayError && error.code === "SERVICE_NOT_FOUND" ? unknownServer() : error;
  }
}

export function unknownServer(): GatewayError {
  return new GatewayError("UNKNOWN_SERVER", "There is no such server; connect again.", { members: { pointer: "/ServerID" } });
}
