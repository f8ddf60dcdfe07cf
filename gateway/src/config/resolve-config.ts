import { availableParallelism } from "node:os";
import { inspect } from "node:util";
import type { z } from "zod";
import { ConfigError, type ConfigFault } from "../core/config-error.ts";
import { isLoopbackHost } from "../core/ip-address.ts";
import { nearestNames } from "../core/nearest-names.ts";
import { contradictions } from "./contradictions.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import { configKeys } from "./keys.ts";
import { type ConfigSources, type LayeredConfig, layerSources } from "./layer-sources.ts";
import { originalKeys } from "./original-keys.ts";
import { configSchema } from "./schema.ts";

/** Unknown in, complete and frozen out. Throws a ConfigError with every fault. */
export function resolveConfig(sources: ConfigSources): GatewayConfig {
  const layered = layerSources(sources);
  const parsed = configSchema.safeParse(layered.input);
  const faults = [...layered.faults, ...(parsed.error?.issues ?? []).flatMap((issue) => faultsOf(issue, layered))];
  if (!parsed.success) throw new ConfigError(faults);

  const given = parsed.data;
  faults.push(...contradictions(given).map((fault) => ({ ...fault, origin: originOf(fault.path, layered) })));
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze({
    ...given,
    adminKey: given.adminKey,
    registration: given.registration ?? "open",
    registrationToken: given.registrationToken,
    masterKey: given.masterKey,
    storeDatabase: given.storeDatabase,
    consulToken: given.consulToken,
    consulCaFile: given.consulCaFile,
    consulCertFile: given.consulCertFile,
    consulKeyFile: given.consulKeyFile,
    consulServerName: given.consulServerName,
    proxySecret: given.proxySecret,
    workers: given.workers === "auto" ? availableParallelism() : given.workers,
    allowLoopbackInstances: given.allowLoopbackInstances ?? isLoopbackHost(given.host),
    instanceNetworks: Object.freeze(given.instanceNetworks),
    instanceCaFile: given.instanceCaFile,
    instanceCertFile: given.instanceCertFile,
    instanceKeyFile: given.instanceKeyFile,
    services: Object.freeze(given.services),
    limits: Object.freeze(given.limits),
  });
}

function faultsOf(issue: z.core.$ZodIssue, { input, origins }: LayeredConfig): ConfigFault[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = [...issue.path, key].join(".");
      const meant = nearestKey(path.replace(/^services\..*\./, ""));
      return { path, origin: originOf(path, { origins }), message: `unknown key${meant ? `; did you mean ${meant}?` : ""}` };
    });
  }
  const path = issue.path.join(".");
  const key = String(issue.path[0] ?? "");
  const value = issue.path.reduce<unknown>((parent, segment) => (parent as Record<PropertyKey, unknown>)[segment], input);
  const shown = configKeys.get(path)?.secret || configKeys.get(key)?.secret ? "(its value is not shown)" : show(value);
  return [{ path, origin: originOf(path, { origins }), message: `${shown}; expected ${issue.message}` }];
}

/** Of a key, or of the object that it is part of. */
function originOf(path: string, { origins }: Pick<LayeredConfig, "origins">): string | undefined {
  return origins.get(path) ?? origins.get(path.split(".", 1)[0]!);
}

/** A bound given beside `limits` instead of in it is the likeliest slip. */
function nearestKey(path: string): string | undefined {
  const paths = [...configKeys.keys()];
  return paths.find((known) => known.endsWith(`.${path}`)) ?? nearestNames(path, [...paths, ...originalKeys.keys()], 1)[0];
}

const SHOWN_LENGTH = 80;

function show(value: unknown): string {
  // A store's address may hold a password.
  const text = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY }).replace(/\/\/.*@/, "//…@");
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}
