import type { Server } from "node:net";
import { Server as TlsServer } from "node:tls";

export interface JoinOptions {
  /** `http://gateway:4200`; of several, which must share their registry, the first that answers is used. */
  readonly gateways: string | readonly string[];
  /** The owner's key, as `/register` answered it. */
  readonly apiKey: string;
  /** The service's name, as it was registered. */
  readonly service: string;
  /** Where gateways reach this server: an IP address or a host name. */
  readonly address: string;
  /** Taken from `server` when not given. */
  readonly port?: number;
  /** When given: joins once it listens, leaves when it closes. */
  readonly server?: Server;
  /** 1 … 100; twice the weight gets twice the calls. Default 1. */
  readonly weight?: number;
  /** Whatever the operator should see beside this server. */
  readonly meta?: Readonly<Record<string, string>>;
  /** How this server speaks. Default framed, binary. */
  readonly dialect?: {
    readonly transport?: "framed" | "buffered" | "header" | "ttheader";
    readonly protocol?: "binary" | "compact";
    /** The name under which a server of several services knows this one; `true`: its name in the IDL. */
    readonly multiplexed?: string | boolean;
    /** Default: whether `server` is a TLS server. */
    readonly tls?: boolean;
    /** The name in its certificate, where that is not `address`. */
    readonly tlsServerName?: string;
  };
  /** Asked before each beat. While it is not true, fails, or takes longer than `requestTimeoutMs`, the gateway sends no calls. */
  readonly isHealthy?: () => boolean | Promise<boolean>;
  /** For one request to a gateway. Default 2,000. */
  readonly requestTimeoutMs?: number;
  /** Leaves when the process gets one of these. Default SIGTERM and SIGINT; empty: the host calls `leave()` itself. */
  readonly leaveOnSignals?: readonly NodeJS.Signals[];
}

/** Throws a TypeError for what can never work. */
export function assertJoinOptions(options: JoinOptions): void {
  const gateways = gatewaysOf(options);
  if (gateways.length === 0) throw new TypeError("gateways: expected at least one address");
  for (const gateway of gateways) assertGatewayAddress(gateway);
  for (const name of ["apiKey", "service", "address"] as const) {
    if (typeof options[name] !== "string" || options[name] === "") throw new TypeError(`${name}: expected text`);
  }
  if (options.port === undefined) {
    if (!options.server) throw new TypeError("port: expected, where no server is given");
  } else {
    assertWhole("port", options.port, 1, 65_535);
  }
  for (const [name, value] of Object.entries(options.meta ?? {})) {
    if (typeof value !== "string") throw new TypeError(`meta.${name}: expected text`);
  }
  assertWhole("weight", options.weight ?? 1, 1, 100);
  assertWhole("requestTimeoutMs", options.requestTimeoutMs ?? 1, 1, 600_000);
}

/** What the gateway is told of how this server speaks. */
export function dialectMeta({ dialect, server }: JoinOptions): Record<string, string> {
  const tls = server instanceof TlsServer ? { tls: true } : {};
  const said = Object.entries({ transport: "framed", protocol: "binary", ...tls, ...dialect });
  return Object.fromEntries(said.filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]));
}

export function gatewaysOf({ gateways }: JoinOptions): readonly string[] {
  return typeof gateways === "string" ? [gateways] : gateways;
}

export function assertGatewayAddress(gateway: string): void {
  if (!URL.canParse(gateway) || !/^https?:$/.test(new URL(gateway).protocol)) {
    throw new TypeError(`gateways: expected an address like "http://127.0.0.1:4200", not ${JSON.stringify(gateway)}`);
  }
}

function assertWhole(name: string, value: number, from: number, to: number): void {
  if (!Number.isInteger(value) || value < from || value > to) {
    throw new TypeError(`${name}: expected a whole number from ${from} to ${to}, not ${value}`);
  }
}
