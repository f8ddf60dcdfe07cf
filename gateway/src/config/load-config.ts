import { readFileSync } from "node:fs";
import { ConfigError } from "../core/config-error.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import { parseJsonWithComments } from "./json-with-comments.ts";
import type { ConfigSources } from "./layer-sources.ts";
import { resolveConfig } from "./resolve-config.ts";

/** The command line over the environment over the file that either of them names. Throws a ConfigError. */
export function loadConfig({
  flags,
  configFile,
  env,
}: Pick<ConfigSources, "flags" | "env"> & { readonly configFile?: string | undefined }): GatewayConfig {
  const name = configFile ?? (env?.THRIFTGATE_CONFIG || undefined);
  return resolveConfig({ flags, env, ...(name !== undefined && { file: { name, content: readConfigFile(name) } }) });
}

function readConfigFile(name: string): unknown {
  try {
    return parseJsonWithComments(readFileSync(name, "utf8"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError([{ path: "", origin: name, message: code ? `can't be read (${code})` : message }]);
  }
}
