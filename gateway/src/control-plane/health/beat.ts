import type { ControlPlaneContext } from "../context.ts";
import { findInstance, unknownServer } from "./find-instance.ts";

/** A server lives. One that the registry dropped but remembers is back with it. */
export async function beat(context: ControlPlaneContext, body: unknown): Promise<void> {
  const { record } = await findInstance(context, body);
  context.beats.take(record.serverId);
  if (await context.proxies.beat(record.serverId)) return;
  if (!(await context.registry.beat(record.serverId))) throw unknownServer();
}
