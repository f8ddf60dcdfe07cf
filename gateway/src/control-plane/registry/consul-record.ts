import { parseHost } from "../../core/address-policy.ts";
import type { InstanceRecord, RegisteredInstance } from "./registry.ts";

/**
 * Each registration of ours carries a tag with a mark of its own. Consul lists the tags of all services in one answer, so
 * a change anywhere shows there, and which service it is; and an instance that left is told from one that was lost.
 */
const MARK_TAG = "thriftgate:";

/** What left is an instance of this service for a while: its tags are the marks of registrations that ended. */
export const LEFT_SERVICE = "thriftgate-left";

/** Consul's own least. */
const MIN_DEREGISTER_MS = 60_000;
const MAX_WEIGHT = 100;

export interface ConsulTimes {
  readonly timeToLiveMs: number;
  readonly timeToDieMs: number;
}

/** A registration as the catalog lists it. */
export interface CatalogInstance {
  readonly record: InstanceRecord;
  readonly health: RegisteredInstance["health"];
  /** Of a registration that is not ours: its ID. */
  readonly mark: string;
  /** When it was first seen and last changed, in Consul's own counting. */
  readonly createIndex: number;
  readonly modifyIndex: number;
}

export function checkIdOf(serverId: string): string {
  return `service:${serverId}`;
}

export function registrationOf(record: InstanceRecord, mark: string, times: ConsulTimes): unknown {
  const { serverId, serviceName, address, port, weight, meta } = record;
  return {
    ID: serverId,
    Name: serviceName,
    Address: address,
    Port: port,
    Tags: [`${MARK_TAG}${mark}`],
    Meta: meta,
    Weights: { Passing: weight, Warning: weight },
    Check: ttlCheck(serverId, times),
  };
}

/** Passing for `lifeMs`, unless it is taken away before. */
export function leftRegistrationOf(serverId: string, marks: readonly string[], lifeMs: number): unknown {
  const id = `${LEFT_SERVICE}:${serverId}`;
  return {
    ID: id,
    Name: LEFT_SERVICE,
    Tags: marks,
    Check: ttlCheck(id, { timeToLiveMs: lifeMs, timeToDieMs: MIN_DEREGISTER_MS }),
  };
}

export function leftIdOf(serverId: string): string {
  return `${LEFT_SERVICE}:${serverId}`;
}

function ttlCheck(id: string, { timeToLiveMs, timeToDieMs }: ConsulTimes): unknown {
  return {
    CheckID: checkIdOf(id),
    Name: "heartbeat",
    TTL: `${timeToLiveMs}ms`,
    Status: "passing",
    DeregisterCriticalServiceAfter: `${Math.max(timeToDieMs, MIN_DEREGISTER_MS)}ms`,
  };
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json => value instanceof Object && !Array.isArray(value);
const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const numberOf = (value: unknown): number => (typeof value === "number" ? value : 0);

/** An answer of `/v1/health/service/…`: whatever registered itself, too. What can't be called is left out. */
export function parseServiceHealth(serviceName: string, json: unknown): CatalogInstance[] {
  const found = arrayFrom(json).flatMap((item) => parseInstance(serviceName, objectOf(item)) ?? []);
  const heaviest = Math.max(MAX_WEIGHT, ...found.map(({ record }) => record.weight));
  return found.map((instance) => ({
    ...instance,
    record: { ...instance.record, weight: scaled(instance.record.weight, heaviest) },
  }));
}

/** Consul's weights go up to 65,535; they matter among themselves. */
function scaled(weight: number, heaviest: number): number {
  return Math.max(1, Math.round((weight * MAX_WEIGHT) / heaviest));
}

function parseInstance(serviceName: string, item: Json): CatalogInstance | undefined {
  const service = objectOf(item.Service);
  const node = objectOf(item.Node);
  const id = textOf(service.ID);
  const port = numberOf(service.Port);
  const address = hostOf(textOf(service.Address) || textOf(node.Address));
  if (id === "" || address === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;

  const tags = listOf(service.Tags).map(textOf);
  const mark = tags.find((tag) => tag.startsWith(MARK_TAG))?.slice(MARK_TAG.length);
  const status = worstOf(listOf(item.Checks).map((check) => textOf(objectOf(check).Status)));
  const weights = objectOf(service.Weights);
  // An ID of somebody else's making is unique on its node alone.
  const serverId = mark !== undefined || UUID.test(id) ? id : `${id}@${address}:${port}`;
  return {
    record: {
      serverId,
      serviceName,
      address,
      port,
      weight: numberOf(status === "warning" ? weights.Warning : weights.Passing) || 1,
      meta: metaOf(tags, objectOf(service.Meta)),
    },
    health: status === "critical" ? "critical" : "passing",
    mark: mark ?? serverId,
    createIndex: numberOf(service.CreateIndex),
    modifyIndex: numberOf(service.ModifyIndex),
  };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function worstOf(statuses: readonly string[]): "passing" | "warning" | "critical" {
  if (statuses.some((status) => status !== "passing" && status !== "warning")) return "critical";
  return statuses.includes("warning") ? "warning" : "passing";
}

function hostOf(text: string): string | undefined {
  try {
    return parseHost(text);
  } catch {
    return undefined;
  }
}

/** The original gateway wrote owners' keys into tags. */
const KEY_NAME = /api[-_ ]?key/i;

/** Kitex keeps metadata in tags, `k:v`. */
function metaOf(tags: readonly string[], meta: Json): Record<string, string> {
  const pairs = tags.flatMap((tag) => {
    const colon = tag.indexOf(":");
    return colon > 0 && !tag.startsWith(MARK_TAG) ? [[tag.slice(0, colon), tag.slice(colon + 1)] as const] : [];
  });
  const own = Object.entries(meta).filter((pair): pair is [string, string] => typeof pair[1] === "string");
  return Object.fromEntries([...pairs, ...own].filter(([name]) => !KEY_NAME.test(name)));
}

/** One instance for each ID, in the order in which they joined: the passing one, else the one that changed last. */
export function mergeById(instances: readonly CatalogInstance[]): CatalogInstance[] {
  const byId = new Map<string, CatalogInstance>();
  for (const instance of [...instances].sort((a, b) => a.createIndex - b.createIndex)) {
    const { serverId } = instance.record;
    const other = byId.get(serverId);
    if (!other || isBetter(instance, other)) byId.set(serverId, instance);
  }
  return [...byId.values()];
}

function isBetter(one: CatalogInstance, other: CatalogInstance): boolean {
  return one.health === other.health ? one.modifyIndex > other.modifyIndex : one.health === "passing";
}

/** An answer of `/v1/catalog/services`: the tags of each service. */
export function parseServices(json: unknown): Map<string, readonly string[]> {
  if (!isObject(json)) throw new Error("Consul's list of services is no object");
  return new Map(Object.entries(json).map(([name, tags]) => [name, listOf(tags).map(textOf).sort()]));
}

export interface CheckState {
  /** Of a check that belongs to the node and so to all of its services: none. */
  readonly serviceName: string;
  readonly serviceId: string;
  readonly key: string;
}

/** An answer of `/v1/health/state/…`. */
export function parseChecks(json: unknown): CheckState[] {
  return arrayFrom(json).map((item) => {
    const check = objectOf(item);
    const key = `${textOf(check.Node)}/${textOf(check.CheckID)}`;
    return { serviceName: textOf(check.ServiceName), serviceId: textOf(check.ServiceID), key };
  });
}

function arrayFrom(json: unknown): readonly unknown[] {
  // Consul has answered `null` for an empty list.
  if (json === null) return [];
  if (!Array.isArray(json)) throw new Error("Consul's answer is no list");
  return json as unknown[];
}
