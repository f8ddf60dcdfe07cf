import type { Component } from "../../support/components.ts";
import type { Service } from "../cases.ts";
import type { ServerProcess } from "./server-process.ts";

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

/** Every transport of Apache's with every protocol; each of its languages has them all. */
export const apacheDialects: readonly ServerDialect[] = (["framed", "buffered", "header"] as const).flatMap((transport) =>
  (["binary", "compact"] as const).map((protocol) => ({ transport, protocol })),
);

interface RunningServer {
  readonly ports: Readonly<Partial<Record<Service, number>>>;
  stop(): Promise<void>;
}

/** Thrift servers of one language, built from others' code. */
export interface ConformanceServer {
  readonly name: string;
  readonly component: Component;
  /** Those that it has in every dialect; SecondService needs a multiplexed one. */
  readonly services: readonly Exclude<Service, "SecondService">[];
  readonly dialects: readonly ServerDialect[];
  /** Into the cache; nothing to do when it is there. */
  build(): Promise<unknown>;
  start(dialect: ServerDialect): Promise<RunningServer>;
}

export function servicesIn(server: ConformanceServer, dialect: ServerDialect): readonly Service[] {
  return [...server.services, ...(dialect.multiplexed ? (["SecondService"] as const) : [])];
}

export function titleOf({ transport, protocol, multiplexed, foundOut, variant }: ServerDialect): string {
  const parts = [`${transport} ${protocol}`, multiplexed && "multiplexed", foundOut && "found out", variant];
  return parts.filter((part) => part).join(", ");
}

/** Apache's server has both services of ThriftTest.thrift. */
export async function runTogether(
  apacheServer: Promise<ServerProcess>,
  echoServer: Promise<ServerProcess>,
): Promise<RunningServer> {
  const [apache, echo] = await Promise.all([apacheServer, echoServer]);
  return {
    ports: { ThriftTest: apache.port, SecondService: apache.port, Echo: echo.port },
    async stop() {
      await apache.stop();
      await echo.stop();
    },
  };
}
