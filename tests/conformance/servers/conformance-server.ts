import type { Component } from "../../support/components.ts";
import type { Service } from "../cases.ts";

/** A dialect that a server is started in. */
export interface ServerDialect {
  readonly transport: "framed" | "buffered" | "header" | "ttheader";
  readonly protocol: "binary" | "compact";
  /** All services on one port, each under its name. */
  readonly multiplexed?: boolean;
  /** The gateway is not told, and finds out. */
  readonly foundOut?: boolean;
  /** What else is special about the server, in its own words. */
  readonly variant?: string;
}

interface RunningServer {
  readonly ports: Readonly<Partial<Record<Service, number>>>;
  stop(): Promise<void>;
}

/** Thrift servers of one language, built from others' code. */
export interface ConformanceServer {
  readonly name: string;
  readonly component: Component;
  /** Beside ThriftTest and, where multiplexed, SecondService. */
  readonly services: readonly Service[];
  readonly dialects: readonly ServerDialect[];
  /** Into the cache; nothing to do when it is there. */
  build(): Promise<unknown>;
  start(dialect: ServerDialect): Promise<RunningServer>;
}

export function servicesIn(server: ConformanceServer, dialect: ServerDialect): readonly Service[] {
  return ["ThriftTest", ...(dialect.multiplexed ? (["SecondService"] as const) : []), ...server.services];
}

export function titleOf({ transport, protocol, multiplexed, foundOut, variant }: ServerDialect): string {
  const parts = [`${transport} ${protocol}`, multiplexed && "multiplexed", foundOut && "found out", variant];
  return parts.filter((part) => part).join(", ");
}
