import { GatewayError } from "../../core/errors.ts";
import type { ControlPlaneContext } from "../context.ts";
import { Fields } from "../fields.ts";
import type { ServiceCheck } from "../store/store.ts";
import { linkServices } from "./link-services.ts";
import { parseServices } from "./registration.ts";

/** At the first start on a database of the original gateway; what can't be taken over is logged, line by line. */
export async function takeOver(context: Pick<ControlPlaneContext, "config" | "linker" | "logger" | "store">): Promise<void> {
  const report = await context.store.takeOver?.(createServiceCheck(context));
  if (!report) return;
  const { leftOut, ...counts } = report;
  for (const { ownerId, service, reason } of leftOut)
    context.logger.warn({ ownerId, service, reason }, "left out of the takeover");
  context.logger.info({ ...counts, leftOut: leftOut.length }, "the original gateway's database was taken over");
}

/** By the rules of a registration: what could not be registered can't be taken over. */
function createServiceCheck({ config, linker }: Pick<ControlPlaneContext, "config" | "linker">): ServiceCheck {
  return async ({ name, definition }) => {
    const { serviceId, idlFiles, version, description, serverCount, paths, registeredServers } = definition;
    const service = {
      ServiceId: serviceId,
      ServiceName: name,
      IdlFiles: idlFiles,
      Version: version,
      ServiceDescription: description,
      ServerCount: serverCount,
      Paths: paths.map(({ methodPath, exposedMethod }) => ({ MethodPath: methodPath, ExposedMethod: exposedMethod })),
      RegisteredServers: registeredServers.map(({ serverUrl, port }) => ({ ServerUrl: serverUrl, Port: port })),
    };
    try {
      const owner = new Fields({ Services: [service] }, "", ["Services"]);
      await linkServices(linker, parseServices(owner, config.limits) ?? []);
      return undefined;
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      const { pointer, line, column } = error.members;
      const place = line === undefined ? (pointer ?? "").replace("/Services/0", "") : `${line}:${column}`;
      return [place, error.message].filter(Boolean).join(": ");
    }
  };
}
