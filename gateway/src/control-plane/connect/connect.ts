import { parseHost } from "../../core/address-policy.ts";
import { GatewayError } from "../../core/errors.ts";
import type { Caller, ControlPlaneContext } from "../context.ts";
import { Fields, invalidField, quote } from "../fields.ts";
import { KEY_RULE } from "../key-check.ts";
import type { CatalogService } from "../publish/catalog.ts";
import { MULTIPLEXED, PROTOCOLS, SERVER_NAME, TRANSPORTS } from "../publish/dialect.ts";
import { NAME_LENGTH } from "../register/registration.ts";
import type { InstanceRecord } from "../registry/registry.ts";
import { assertServiceKey, serviceNotFound } from "../service-key.ts";
import { isRegisteredServer } from "./registered-servers.ts";
import { serverIdOf } from "./server-id.ts";

export interface Connected {
  readonly serverId: string;
  readonly ttlSeconds: number;
  /** How often to beat: three times in a TTL, so that one lost beat does no harm. */
  readonly heartbeatMs: number;
}

const BEATS_PER_TTL = 3;
const MAX_WEIGHT = 100;
const MAX_META_ENTRIES = 32;
const META_TEXT_LENGTH = 1_024;
const FIELDS = ["ApiKey", "ServiceName", "ServerAddress", "ServerPort", "Weight", "Meta"];

/** An RPC server joins its service. Never waits for the server itself: the original's connect before they listen. */
export async function connect(context: ControlPlaneContext, body: unknown, caller: Caller): Promise<Connected> {
  const { addresses, audit, beats, config, proxies, publisher, quota, registry } = context;
  const fields = new Fields(body, "", FIELDS);
  const key = fields.optionalText("ApiKey", KEY_RULE);
  const serviceName = fields.text("ServiceName", { maxLength: NAME_LENGTH });
  const { service, holder } = await assertServiceKey(context, key, serviceName);

  const requested = parseRecord(fields, serviceName);
  const { address, port } = requested;
  await at("/ServerAddress", () => addresses.assertEndpoint(address, port));
  const { registeredServers } = service;
  if (config.enforceRegisteredServers && registeredServers.length > 0 && !isRegisteredServer(registeredServers, address, port)) {
    throw new GatewayError("ADDRESS_NOT_REGISTERED", "The address is not among the service's RegisteredServers.", {
      members: { pointer: "/ServerAddress", service: serviceName },
    });
  }

  beats.take(requested.serverId);
  const release = quota.reserve(serviceName, requested.serverId, publisher.instances(serviceName));
  let serverId: string | undefined;
  try {
    // A proxy of the original's makes up its own.
    serverId = await proxies.connect(requested);
    if (serverId === undefined) await registry.join(requested);
    serverId ??= requested.serverId;
    await assertStillOwned(context, service, serverId);
    publisher.joined({ ...requested, serverId });
  } finally {
    release();
  }
  audit.info({ action: "connect", service: serviceName, serverId, address, port, author: holder, ...caller }, "server connected");
  const ttlSeconds = config.timeToLiveSeconds;
  return { serverId, ttlSeconds, heartbeatMs: Math.floor((ttlSeconds * 1_000) / BEATS_PER_TTL) };
}

/** The owner may have removed the service meanwhile, and another one may have taken the name. */
async function assertStillOwned(
  { publisher, registry }: ControlPlaneContext,
  service: CatalogService,
  serverId: string,
): Promise<void> {
  if (publisher.catalog.service(service.name)?.ownerId === service.ownerId) return;
  await registry.leave(serverId);
  throw serviceNotFound();
}

function parseRecord(fields: Fields, serviceName: string): InstanceRecord {
  const address = parseAddress(fields);
  const port = parsePort(fields.raw("ServerPort"));
  const weight = fields.integer("Weight", 1, MAX_WEIGHT, 1);
  return { serverId: serverIdOf(serviceName, address, port), serviceName, address, port, weight, meta: parseMeta(fields) };
}

function parseAddress(fields: Fields): string {
  const value = fields.raw("ServerAddress");
  if (typeof value !== "string") {
    throw new GatewayError("INVALID_ADDRESS", "ServerAddress must be text: an IP address or a host name.", {
      members: { pointer: "/ServerAddress" },
    });
  }
  try {
    return parseHost(value);
  } catch (error) {
    throw placed(error, "/ServerAddress");
  }
}

/** Decimal digits, as the original's clients send them, or a JSON number. */
function parsePort(value: unknown): number {
  const port = typeof value === "string" && /^[0-9]{1,5}$/.test(value) ? Number(value) : value;
  if (typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new GatewayError("INVALID_PORT", "ServerPort must be a port from 1 to 65535, in decimal digits.", {
    members: { pointer: "/ServerPort" },
  });
}

function parseMeta(fields: Fields): Readonly<Record<string, string>> {
  const text = { maxLength: META_TEXT_LENGTH };
  const meta = Object.fromEntries(fields.textMap("Meta", MAX_META_ENTRIES, text, text) ?? []);
  assertKnown(meta, "transport", TRANSPORTS);
  assertKnown(meta, "protocol", PROTOCOLS);
  assertKnown(meta, "tls", ["true", "false"]);
  assertLike(meta, "multiplexed", MULTIPLEXED, 'the name of a service, "true" or "false"');
  assertLike(meta, "tlsServerName", SERVER_NAME, "a host name");
  return meta;
}

function assertKnown(meta: Readonly<Record<string, string>>, name: string, known: readonly string[]): void {
  if (Object.hasOwn(meta, name) && !known.includes(meta[name]!)) {
    throw invalidField(`/Meta/${name}`, `Meta.${name} must be ${known.map(quote).join(" or ")}.`);
  }
}

function assertLike(meta: Readonly<Record<string, string>>, name: string, pattern: RegExp, expected: string): void {
  if (Object.hasOwn(meta, name) && !pattern.test(meta[name]!)) {
    throw invalidField(`/Meta/${name}`, `Meta.${name} must be ${expected}.`);
  }
}

async function at<T>(pointer: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw placed(error, pointer);
  }
}

/** The address policy knows no bodies. */
function placed(error: unknown, pointer: string): unknown {
  if (!(error instanceof GatewayError) || error.status >= 500) return error;
  const place = error.code === "PORT_FORBIDDEN" ? "/ServerPort" : pointer;
  return new GatewayError(error.code, error.message, { members: { ...error.members, pointer: place }, cause: error });
}
