import type { GatewayConfig } from "./config.ts";
import { isControlPath } from "./control-path.ts";
import type { AddressPolicy } from "./core/address-policy.ts";
import type { Clock } from "./core/clock.ts";
import { DeadlineWheel } from "./core/deadline.ts";
import { createAccessLog, type Logger } from "./core/logger.ts";
import type { Metrics } from "./core/metrics.ts";
import { createBalancer } from "./data-plane/balance/balancer.ts";
import { createInstanceConnections, type InstanceConnections } from "./data-plane/connection/instance-connections.ts";
import { createInstanceSecurity } from "./data-plane/connection/instance-security.ts";
import { createCallHandler } from "./data-plane/handle-call.ts";
import type { ListenOptions } from "./data-plane/http/listen.ts";
import { NodeCaller } from "./data-plane/http/node-caller.ts";
import type { Instance, Snapshot } from "./snapshot/snapshot.ts";

export interface ServingOptions {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly snapshot: Snapshot;
  readonly metrics: Metrics;
  readonly checkAddress: AddressPolicy["checkAddress"];
  /** Told the service of each call, also where there is none of that name. */
  readonly interest?: (serviceName: string) => void;
  /** `false`: workers do. */
  readonly takesCalls: boolean;
}

/** The data plane of one process. */
export interface Serving {
  readonly handleCall: ReturnType<typeof createCallHandler>;
  readonly connections: InstanceConnections;
  /** For the public listener: calls are handled here, all else by `control`. */
  publicSide(control: ListenOptions["requestListener"]): Pick<ListenOptions, "requestListener" | "calls">;
}

export function createServing(options: ServingOptions): Serving {
  const { config, logger, clock, snapshot, metrics, checkAddress, interest, takesCalls } = options;
  const { limits } = config;
  const deadlines = new DeadlineWheel(clock);
  const connections = createInstanceConnections({
    clock,
    deadlines,
    limits,
    checkAddress,
    security: createInstanceSecurity(config),
  });
  const balancer = createBalancer({ clock, deadlines, limits });
  const accessLog = createAccessLog(logger, config.accessLogSampling, clock);
  const watched = interest ? tellingInterest(snapshot, interest) : snapshot;
  const handleCall = createCallHandler({ snapshot: watched, balancer, connections, metrics, accessLog, clock, limits });
  const published = new Map<string, readonly Instance[]>();
  snapshot.onPublish((changes) => {
    for (const [serviceName, entry] of changes) {
      const before = published.get(serviceName) ?? [];
      const staying = new Set(entry?.instances.map(({ id }) => id));
      if (entry) published.set(serviceName, entry.instances);
      else published.delete(serviceName);
      balancer.onEntryChanged(serviceName, entry);
      for (const { id } of before) if (!staying.has(id)) connections.retire(id);
      const known = new Set(before);
      for (const instance of entry?.instances ?? []) if (takesCalls && !known.has(instance)) connections.introduce(instance);
      if (!entry) metrics.forget(serviceName);
    }
  });
  return {
    handleCall,
    connections,
    publicSide: (control) => ({
      requestListener(request, response) {
        if (isControlPath(request.url!)) control(request, response);
        else handleCall(new NodeCaller(request, response));
      },
      calls: config.httpFront === "net" ? { takes: (target) => !isControlPath(target), onCall: handleCall } : undefined,
    }),
  };
}

/** What calls look up is what the registry has to be quickest with. */
function tellingInterest(
  snapshot: Snapshot,
  interest: (serviceName: string) => void,
): Pick<Snapshot, "entry" | "names" | "onPublish"> {
  return {
    entry(serviceName) {
      interest(serviceName);
      return snapshot.entry(serviceName);
    },
    names: snapshot.names,
    onPublish: snapshot.onPublish,
  };
}
