import { parseHost } from "../../core/address-policy.ts";
import { isLoopbackHost } from "../../core/ip-address.ts";
import { parseServerUrl } from "../register/server-url.ts";
import type { ServiceDefinition } from "../store/store.ts";

/** Whether a service's RegisteredServers hold this address; `localhost` and the loopback addresses are one. */
export function isRegisteredServer(servers: ServiceDefinition["registeredServers"], host: string, port: number): boolean {
  const wanted = comparable(host);
  return servers.some((server) => {
    const url = parseServerUrl(server.serverUrl);
    const registeredPort = server.port || url?.port;
    return url !== undefined && comparable(url.host) === wanted && (registeredPort === undefined || registeredPort === port);
  });
}

function comparable(host: string): string {
  if (isLoopbackHost(host)) return "localhost";
  try {
    return parseHost(host);
  } catch {
    return host;
  }
}
