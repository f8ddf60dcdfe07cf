import type { Caller, ControlPlaneContext } from "../context.ts";
import { findInstance } from "../health/find-instance.ts";

/** No new calls go to the instance; those under way finish. */
export async function disconnect(context: ControlPlaneContext, body: unknown, caller: Caller): Promise<void> {
  const { audit, publisher, registry } = context;
  const { record, holder } = await findInstance(context, body);
  const { serverId, serviceName } = record;
  await registry.leave(serverId);
  publisher.left(serviceName, serverId);
  audit.info({ action: "disconnect", service: serviceName, serverId, author: holder, ...caller }, "server disconnected");
}
