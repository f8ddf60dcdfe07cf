import { accessSync, constants } from "node:fs";
import { isLoopbackHost } from "../core/ip-address.ts";
import { PUBLISHED_MASTER_KEY } from "./original-keys.ts";
import type { RawConfig } from "./schema.ts";

const CONSUL_FILES = ["consulCaFile", "consulCertFile", "consulKeyFile"] as const;
const CONSUL_TLS_KEYS = [...CONSUL_FILES, "consulServerName"] as const;

/** What each key allows by itself and the keys together do not. */
export function contradictions(config: RawConfig): { path: string; message: string }[] {
  const reachable = !isLoopbackHost(config.host);
  const rules: readonly (readonly [broken: boolean, path: string, message: string])[] = [
    [
      reachable && config.registration === undefined,
      "registration",
      `not given; others can reach ${config.host}, so say who may register: "open" (anyone) or "token" (who has registrationToken)`,
    ],
    [
      config.registration === "token" && config.registrationToken === undefined,
      "registrationToken",
      'not given; needed where registration is "token"',
    ],
    [
      config.registration !== "token" && config.registrationToken !== undefined,
      "registrationToken",
      'given; expected registration "token" with it',
    ],
    [
      !isLoopbackHost(config.adminHost) && config.adminKey === undefined,
      "adminKey",
      `not given; needed since others can reach the admin listener on ${config.adminHost}`,
    ],
    [
      config.port !== 0 && config.port === config.adminPort,
      "adminPort",
      `${config.adminPort}; expected another port than the public listener's`,
    ],
    [
      (config.consulCertFile === undefined) !== (config.consulKeyFile === undefined),
      config.consulCertFile === undefined ? "consulCertFile" : "consulKeyFile",
      "not given; a certificate and its key go together",
    ],
    ...CONSUL_TLS_KEYS.map(
      (key) =>
        [
          config[key] !== undefined && !config.registry.startsWith("consul+tls:"),
          key,
          'given; expected a registry "consul+tls://…" with it',
        ] as const,
    ),
    ...CONSUL_FILES.map(
      (key) =>
        [
          config[key] !== undefined && !isReadable(config[key]),
          key,
          `'${config[key]}'; expected a file that can be read`,
        ] as const,
    ),
    [
      reachable && config.masterKey === PUBLISHED_MASTER_KEY,
      "masterKey",
      "the one that the original gateway was published with; expected one that only you know",
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, path, message]) => ({ path, message }));
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
