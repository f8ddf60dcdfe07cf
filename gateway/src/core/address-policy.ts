import type { LookupAddress } from "node:dns";
import { lookup as systemLookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { GatewayError } from "./errors.ts";
import {
  embeddedIpv4,
  formatIpAddress,
  type IpAddress,
  type IpNetwork,
  isLoopback,
  networkContains,
  parseIpAddress,
  parseNetwork,
  unmapIpv4,
} from "./ip-address.ts";

/** Where one of the gateway's listeners stands, as `server.address()` tells it. */
interface ListenerAddress {
  readonly address: string;
  readonly port: number;
}

export interface AddressPolicyOptions {
  readonly allowLoopback: boolean;
  /** CIDRs; empty: all that are not forbidden. */
  readonly networks: readonly string[];
  /** Asked at each check, since a listener is known only once it listens. Default: none. */
  readonly ownListeners?: () => readonly ListenerAddress[];
  /** Default {@link isInfrastructurePort}. */
  readonly isForbiddenPort?: (port: number) => boolean;
  /** Every address of a host name. Default: the system's resolver. */
  readonly resolve?: (hostname: string) => Promise<readonly LookupAddress[]>;
}

/** Which addresses the gateway may connect to as instances: asked when one joins, and again at each connection, since a name may meanwhile lead elsewhere. */
export interface AddressPolicy {
  /**
   * Checks what a server declares; a host name is resolved, and each of its addresses checked.
   * @throws {GatewayError} INVALID_ADDRESS, ADDRESS_FORBIDDEN, PORT_FORBIDDEN; REGISTRY_UNAVAILABLE when names can't be resolved now
   */
  assertEndpoint(host: string, port: number): Promise<void>;
  /** Why no connection may go to this IP address and port; `undefined`: it may. Asked again for what a name resolves to at each connection. */
  checkAddress(ip: string, port: number): GatewayError | undefined;
}

const toNetwork = (text: string): IpNetwork => {
  const network = parseNetwork(text);
  if (!network) throw new TypeError(`not a network: ${text}`);
  return network;
};

/** Never an instance, whatever is configured. */
const FORBIDDEN = [
  "0.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/128",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
  // Metadata services of clouds that are not link-local: AWS, Google, Alibaba, Azure, Oracle.
  "fd00:ec2::254/128",
  "fd20:ce::254/128",
  "100.100.100.200/32",
  "168.63.129.16/32",
  "192.0.0.192/32",
].map(toNetwork);

/** Databases, registries and control sockets that stand unprotected in many networks: Docker, etcd, MySQL, PostgreSQL, Redis, Kubernetes, Consul, Elasticsearch, memcached, MongoDB. */
const INFRASTRUCTURE_PORTS: ReadonlySet<number> = new Set([
  2375, 2376, 2379, 2380, 3306, 5432, 6379, 6443, 8300, 8301, 8302, 8500, 8501, 8502, 9200, 9300, 10250, 11211, 27017, 27018,
  27019,
]);
const LAST_PRIVILEGED_PORT = 1023;

export function isInfrastructurePort(port: number): boolean {
  return port <= LAST_PRIVILEGED_PORT || INFRASTRUCTURE_PORTS.has(port);
}

/** getaddrinfo has no bound of its own, and callers wait for it. */
const RESOLVE_TIMEOUT_MS = 5_000;

export function createAddressPolicy(options: AddressPolicyOptions): AddressPolicy {
  const { allowLoopback, ownListeners = () => [], isForbiddenPort = isInfrastructurePort, resolve = resolveBySystem } = options;
  const networks = options.networks.map(toNetwork);

  function isForbidden(ip: IpAddress): boolean {
    if (FORBIDDEN.some((network) => networkContains(network, ip))) return true;
    if (!allowLoopback && isLoopback(ip)) return true;
    return embeddedIpv4(ip).some(isForbidden);
  }

  function isOutsideNetworks(ip: IpAddress): boolean {
    return networks.length > 0 && !networks.some((network) => networkContains(network, unmapIpv4(ip)));
  }

  function isOwnListener(ip: IpAddress, port: number): boolean {
    const listeners = ownListeners().filter((listener) => listener.port === port);
    if (listeners.length === 0) return false;
    const target = unmapIpv4(ip);
    if (isLoopback(target)) return true;
    const own = [...listeners.map(({ address }) => address), ...interfaceAddresses()];
    return own.includes(formatIpAddress(target));
  }

  function checkAddress(text: string, port: number): GatewayError | undefined {
    const ip = parseIpAddress(text);
    if (!ip || isForbidden(ip) || isOutsideNetworks(ip)) return addressForbidden();
    return isForbiddenPort(port) || isOwnListener(ip, port) ? portForbidden() : undefined;
  }

  return {
    checkAddress,

    async assertEndpoint(host, port) {
      const ip = parseIpAddress(host);
      const addresses = ip ? [host] : (await withTimeout(resolve(host))).map(({ address }) => address);
      if (addresses.length === 0) throw new GatewayError("INVALID_ADDRESS", "The host name has no address.");
      for (const address of addresses) {
        const refusal = checkAddress(address, port);
        if (refusal) throw refusal;
      }
    },
  };
}

const HOST_LABEL = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/;
/** What C libraries take for a number and so for an IPv4 address in disguise. */
const NUMERIC_LABEL = /^(?:[0-9]+|0[xX][0-9A-Fa-f]*)$/;
const LONGEST_HOST = 253;

/**
 * An IP address or a host name (RFC 1123, ASCII alone) in its one canonical spelling: `::FFFF:10.0.0.1` is `10.0.0.1`,
 * `Node-7.internal` is `node-7.internal`.
 * @throws {GatewayError} INVALID_ADDRESS, ADDRESS_FORBIDDEN
 */
export function parseHost(text: string): string {
  const ip = parseIpAddress(text);
  if (ip) return formatIpAddress(unmapIpv4(ip));
  // A zone only makes sense for link-local addresses.
  if (text.includes("%") && parseIpAddress(text.slice(0, text.indexOf("%")))) throw addressForbidden();
  const labels = text.length <= LONGEST_HOST ? text.split(".") : [];
  if (labels.length === 0 || !labels.every((label) => HOST_LABEL.test(label)) || NUMERIC_LABEL.test(labels.at(-1)!)) {
    throw new GatewayError(
      "INVALID_ADDRESS",
      'The address is neither an IPv4 address like "10.0.0.7", nor an IPv6 address like "fd12::7", nor a host name; a port, brackets or a scheme don\'t belong here.',
    );
  }
  return text.toLowerCase();
}

function addressForbidden(): GatewayError {
  return new GatewayError("ADDRESS_FORBIDDEN", "Instances may not be at this address.");
}

function portForbidden(): GatewayError {
  return new GatewayError("PORT_FORBIDDEN", "Instances may not be at this port.");
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((found = []) => found.map(({ address }) => address));
}

function resolveBySystem(hostname: string): Promise<readonly LookupAddress[]> {
  return systemLookup(hostname, { all: true });
}

async function withTimeout(resolving: Promise<readonly LookupAddress[]>): Promise<readonly LookupAddress[]> {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), RESOLVE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([resolving, timedOut]);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOTFOUND") {
      throw new GatewayError("INVALID_ADDRESS", "The host name can't be found.", { cause });
    }
    throw new GatewayError("REGISTRY_UNAVAILABLE", "Host names can't be resolved at the moment.", { cause });
  } finally {
    clearTimeout(timer);
  }
}
