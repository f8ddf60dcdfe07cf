import type { AddressPolicy } from "../core/address-policy.ts";
import type { Logger } from "../core/logger.ts";
import type { InstanceQuota } from "./connect/instance-quota.ts";
import type { KeyCheck } from "./key-check.ts";
import type { RegistryProxies } from "./proxy/registry-proxies.ts";
import type { Linker } from "./publish/linker.ts";
import type { Publisher } from "./publish/publisher.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { Registry } from "./registry/registry.ts";
import type { Store } from "./store/store.ts";

/** What the control plane reads of the configuration. */
export interface ControlPlaneConfig {
  readonly registration: "open" | "token";
  readonly registrationToken: string | undefined;
  readonly masterKey: string | undefined;
  readonly adminHost: string;
  readonly adminKey: string | undefined;
  readonly enforceRegisteredServers: boolean;
  readonly timeToLiveSeconds: number;
  readonly timeToDieSeconds: number;
  /** Shared with registry proxies. */
  readonly proxySecret: string | undefined;
  readonly limits: {
    readonly maxRegistrationBodyBytes: number;
    readonly maxDepth: number;
    readonly maxFrameBytes: number;
    readonly maxReplyJsonBytes: number;
    readonly maxIdlBytes: number;
    readonly maxTypes: number;
    readonly maxServicesPerOwner: number;
    readonly maxInstancesPerService: number;
    readonly registrationsPerMinute: number;
    readonly callDeadlineMs: number;
  };
}

/** What the use cases work with. */
export interface ControlPlaneContext {
  readonly config: ControlPlaneConfig;
  readonly store: Store;
  readonly registry: Registry;
  /** Asked first for the work that they can do. */
  readonly proxies: RegistryProxies;
  readonly publisher: Publisher;
  readonly linker: Linker;
  readonly addresses: AddressPolicy;
  readonly keys: KeyCheck;
  readonly quota: InstanceQuota;
  /** By the caller's address. */
  readonly registrations: RateLimit;
  /** Of /connect and /health, by ServerID. */
  readonly beats: RateLimit;
  readonly logger: Logger;
  /** One line for each accepted change: who did what, never a key or a body. */
  readonly audit: Logger;
}

/** Who asks, for the audit line. */
export interface Caller {
  readonly peer: string;
  readonly requestId: string;
}
