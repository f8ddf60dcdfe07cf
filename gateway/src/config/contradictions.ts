import { isLoopbackHost } from "../core/ip-address.ts";
import { PUBLISHED_MASTER_KEY } from "./original-keys.ts";
import type { RawConfig } from "./schema.ts";
import { tlsFileFaults } from "./tls-file-faults.ts";

const CONSUL_TLS_KEYS = ["consulCaFile", "consulCertFile", "consulKeyFile", "consulServerName"] as const;

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
    ...CONSUL_TLS_KEYS.map(
      (key) =>
        [
          config[key] !== undefined && !config.registry.startsWith("consul+tls:"),
          key,
          'given; expected a registry "consul+tls://…" with it',
        ] as const,
    ),
    [
      reachable && config.masterKey === PUBLISHED_MASTER_KEY,
      "masterKey",
      "the one that the original gateway was published with; expected one that only you know",
    ],
  ];
  return [
    ...rules.filter(([broken]) => broken).map(([, path, message]) => ({ path, message })),
    ...tlsFileFaults("consul", { ca: config.consulCaFile, cert: config.consulCertFile, key: config.consulKeyFile }),
    ...instanceFileFaults("", config),
    ...Object.entries(config.services).flatMap(([name, service]) => instanceFileFaults(`services.${name}.`, service)),
  ];
}

function instanceFileFaults(place: string, files: Pick<RawConfig, "instanceCaFile" | "instanceCertFile" | "instanceKeyFile">) {
  const { instanceCaFile: ca, instanceCertFile: cert, instanceKeyFile: key } = files;
  return tlsFileFaults(`${place}instance`, { ca, cert, key });
}
