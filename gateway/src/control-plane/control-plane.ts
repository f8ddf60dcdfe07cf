import type { Router } from "express";
import type { AddressPolicy } from "../core/address-policy.ts";
import type { Clock } from "../core/clock.ts";
import { auditLogger, type Logger } from "../core/logger.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { createAdminRouter, type MetricsSource, type ObserveInstances } from "./admin/admin-routes.ts";
import { createReadinessCheck } from "./admin/readiness.ts";
import { createInstanceQuota } from "./connect/instance-quota.ts";
import type { ControlPlaneConfig, ControlPlaneContext } from "./context.ts";
import { createKeyCheck } from "./key-check.ts";
import { openMasterKey } from "./master-key.ts";
import type { InstanceCalls } from "./proxy/instance-calls.ts";
import { PROXY_SERVICE } from "./proxy/proxy-idl.ts";
import { createRegistryProxies, noProxies } from "./proxy/registry-proxies.ts";
import { createPublicRouter } from "./public-routes.ts";
import { createLinker, type Linker } from "./publish/linker.ts";
import { createPublisher } from "./publish/publisher.ts";
import { createRateLimit } from "./rate-limit.ts";
import { takeOver } from "./register/takeover.ts";
import type { Registry } from "./registry/registry.ts";
import type { Store } from "./store/store.ts";

export interface ControlPlaneOptions {
  readonly config: ControlPlaneConfig;
  readonly store: Store;
  readonly registry: Registry;
  readonly snapshot: Snapshot;
  readonly addresses: AddressPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What `/metrics` shows. */
  readonly metrics?: MetricsSource;
  /** What the data plane saw of an instance, for the admin API. */
  readonly observed?: ObserveInstances;
  /** How the data plane calls an instance; without it, registry proxies are not used. */
  readonly instanceCalls?: InstanceCalls;
  /** Resolves once what was published so far is served by every process that serves. Default: at once. */
  readonly published?: () => Promise<void>;
  /** Shows the generated master key, once in an installation's life. Default: a line on stderr. */
  readonly announceMasterKey?: (masterKey: string) => void;
  /** Default: one in a worker thread. */
  readonly linker?: Linker;
}

/** Everything that changes the snapshot. docs/control-plane.md follows a change through it. */
export interface ControlPlane {
  /** Opens store and registry, publishes what they hold, and follows their changes. */
  open(): Promise<void>;
  /** /ping, /register, /update, /connect, /disconnect, /health */
  readonly router: Router;
  /** /live, /ready, /metrics, /admin/v1/… */
  readonly adminRouter: Router;
  /** Stops following, then closes registry and store. */
  close(): Promise<void>;
}

const MINUTE_MS = 60_000;
/** Servers beat every few seconds; the original's once a second at most. */
const BEATS_PER_WINDOW = 60;
const BEAT_WINDOW_MS = 10_000;

export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { config, store, registry, snapshot, addresses, clock, logger } = options;
  const { announceMasterKey = printMasterKey, metrics, observed = () => [], instanceCalls, published } = options;
  const { maxIdlBytes, maxTypes, maxDepth, maxFrameBytes, maxReplyJsonBytes, callDeadlineMs } = config.limits;
  const linker = options.linker ?? createLinker({ maxIdlLength: maxIdlBytes, maxTypes });
  const publisher = createPublisher({
    store,
    registry,
    snapshot,
    linker,
    clock,
    logger,
    routes: {
      codec: { maxDepth, maxCallBytes: maxFrameBytes, maxReplyJsonBytes },
      call: { deadlineMs: callDeadlineMs, idempotent: undefined },
    },
  });
  let masterKeyDigest: string | undefined;
  const context: ControlPlaneContext = {
    config,
    store,
    registry,
    proxies: instanceCalls
      ? createRegistryProxies({
          calls: instanceCalls,
          instances: () => publisher.instances(PROXY_SERVICE),
          interest: registry.interest,
          secret: config.proxySecret,
          timeToLiveSeconds: config.timeToLiveSeconds,
          timeToDieSeconds: config.timeToDieSeconds,
          clock,
          logger,
        })
      : noProxies,
    publisher,
    linker,
    addresses,
    keys: createKeyCheck(() => masterKeyDigest),
    quota: createInstanceQuota(config.limits.maxInstancesPerService),
    registrations: createRateLimit(config.limits.registrationsPerMinute, MINUTE_MS, clock),
    beats: createRateLimit(BEATS_PER_WINDOW, BEAT_WINDOW_MS, clock),
    logger,
    audit: auditLogger(logger),
  };

  async function close(): Promise<void> {
    publisher.close();
    await linker.close();
    const results = await Promise.allSettled([registry.close(), store.close()]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  return {
    async open() {
      try {
        await store.open();
        masterKeyDigest = await openMasterKey(store, config.masterKey, announceMasterKey);
        await takeOver(context);
        await registry.open();
        await publisher.open();
      } catch (error) {
        await close().catch((cause: unknown) => logger.warn({ err: cause }, "closing after a failed start failed"));
        throw error;
      }
    },
    router: createPublicRouter(context, published),
    adminRouter: createAdminRouter({
      context,
      readiness: createReadinessCheck(store, registry, snapshot, clock),
      metrics,
      observed,
    }),
    close,
  };
}

/** Past the log, which may be kept and read by others. */
function printMasterKey(masterKey: string): void {
  process.stderr.write(`Master key, shown only this once: ${masterKey}\n`);
}
