import { readFileSync } from "node:fs";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import { createConsulRegistry } from "./consul-registry.ts";
import { createEmbeddedRegistry } from "./embedded-registry.ts";
import type { Registry } from "./registry.ts";

/** What a registry needs of the configuration. */
export interface RegistryConfig {
  readonly registry: string;
  readonly dataDir: string;
  readonly timeToLiveSeconds: number;
  readonly timeToDieSeconds: number;
  readonly consulToken: string | undefined;
  readonly consulCaFile: string | undefined;
  readonly consulCertFile: string | undefined;
  readonly consulKeyFile: string | undefined;
  readonly consulServerName: string | undefined;
}

/** So long a server that only beats is taken back without connecting again: docs/http-api.md. */
const REMEMBER_MS = 24 * 3_600_000;
const CONSUL_PORTS = { http: 8500, https: 8501 };

/** The registry that the configuration names, not opened yet. */
export function createRegistry(config: RegistryConfig, { clock, logger }: { clock: Clock; logger: Logger }): Registry {
  const times = {
    timeToLiveMs: config.timeToLiveSeconds * 1_000,
    timeToDieMs: config.timeToDieSeconds * 1_000,
    rememberMs: REMEMBER_MS,
  };
  if (config.registry === "embedded") return createEmbeddedRegistry({ dataDir: config.dataDir, clock, ...times });
  const read = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path, "utf8"));
  return createConsulRegistry({
    urls: consulUrls(config.registry),
    clock,
    logger,
    token: config.consulToken,
    tls: {
      ca: read(config.consulCaFile),
      cert: read(config.consulCertFile),
      key: read(config.consulKeyFile),
      serverName: config.consulServerName,
    },
    ...times,
  });
}

/** `consul+tls://a,b:1` → `https://a:8501`, `https://b:1` */
export function consulUrls(registry: string): string[] {
  const [scheme, rest] = registry.split("://") as [string, string];
  const protocol = scheme === "consul+tls" ? "https" : "http";
  return rest
    .replace(/\/$/, "")
    .split(",")
    .map((host) => `${protocol}://${/:[0-9]+$/.test(host) ? host : `${host}:${CONSUL_PORTS[protocol]}`}`);
}
