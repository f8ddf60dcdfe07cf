/** The whole configuration of a gateway: complete, validated, frozen. docs/configuration.md explains each key. */
export interface GatewayConfig {
  readonly host: string;
  readonly port: number;
  readonly adminHost: string;
  readonly adminPort: number;
  /** Needed when the admin listener is not on loopback. */
  readonly adminKey: string | undefined;
  readonly dataDir: string;
  /** `embedded`, `mongodb://…` or `mongodb+srv://…` */
  readonly store: string;
  readonly storeDatabase: string | undefined;
  readonly originalCollection: string;
  /** `embedded`, `consul://host:port,…` or `consul+tls://host:port,…` */
  readonly registry: string;
  readonly consulToken: string | undefined;
  readonly consulCaFile: string | undefined;
  readonly consulCertFile: string | undefined;
  readonly consulKeyFile: string | undefined;
  readonly consulServerName: string | undefined;
  readonly proxySecret: string | undefined;
  readonly workers: number;
  /** `net`: our own front, `node:http` behind it; `node`: `node:http` alone. */
  readonly httpFront: "net" | "node";
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  /** 0 … 1: share of successful calls that get an access line; errors always do. */
  readonly accessLogSampling: number;
  readonly registration: "open" | "token";
  readonly registrationToken: string | undefined;
  readonly masterKey: string | undefined;
  readonly enforceRegisteredServers: boolean;
  readonly allowLoopbackInstances: boolean;
  /** CIDRs; empty: all that are not forbidden. */
  readonly instanceNetworks: readonly string[];
  readonly instanceCaFile: string | undefined;
  readonly instanceCertFile: string | undefined;
  readonly instanceKeyFile: string | undefined;
  /** By service name. */
  readonly services: Readonly<Record<string, ServiceAccess>>;
  readonly timeToLiveSeconds: number;
  readonly timeToDieSeconds: number;
  readonly drainMs: number;
  readonly limits: GatewayLimits;
}

/** What instances of a service are shown, in place of what all are. */
interface ServiceAccess {
  readonly instanceCaFile?: string | undefined;
  readonly instanceCertFile?: string | undefined;
  readonly instanceKeyFile?: string | undefined;
  readonly accessToken?: string | undefined;
}

/** Bounds; each default is a named constant with its reason. */
export interface GatewayLimits {
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxCallBodyBytes: number;
  readonly maxRegistrationBodyBytes: number;
  readonly maxDepth: number;
  readonly maxFrameBytes: number;
  readonly maxReplyJsonBytes: number;
  readonly maxIdlBytes: number;
  readonly maxTypes: number;
  readonly maxQueryArguments: number;
  readonly maxConnections: number;
  readonly maxRequestsPerSocket: number;
  readonly maxServicesPerOwner: number;
  readonly maxInstancesPerService: number;
  readonly registrationsPerMinute: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly callDeadlineMs: number;
  readonly maxInFlightPerInstance: number;
  readonly maxWaitingPerService: number;
  readonly maxConnectionsPerInstance: number;
  readonly pipelineDepth: number;
  readonly retryBudgetRatio: number;
}
