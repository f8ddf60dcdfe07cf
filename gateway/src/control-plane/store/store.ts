import type { Dialect } from "../../snapshot/snapshot.ts";

/** One revision of a service, as its owner registered it. Immutable once stored. */
export interface ServiceRevision {
  readonly ownerId: string;
  readonly name: string;
  /** 1, 2, …: grows by one with each accepted change of the service; never reused, also after the service was removed. */
  readonly revision: number;
  /** UTC. */
  readonly createdAt: Date;
  /** Who made it: "owner", "master" or "takeover". */
  readonly author: string;
  readonly definition: ServiceDefinition;
}

/** What an owner says of a service. */
export interface ServiceDefinition {
  readonly serviceId: string;
  readonly idlFiles: Readonly<Record<string, string>>;
  /** The key of `idlFiles` that holds the service. */
  readonly mainFile: string;
  readonly version: string;
  readonly description: string;
  readonly serverCount: number;
  readonly paths: readonly { readonly methodPath: string; readonly exposedMethod: string }[];
  readonly registeredServers: readonly { readonly serverUrl: string; readonly port: number }[];
  /** Absent: everything by its default. */
  readonly options?: ServiceOptions;
}

/** How calls of a method are made; what is absent holds by default. */
export interface MethodOptions {
  /** Whole call, in milliseconds. */
  readonly deadlineMs?: number | undefined;
  /** Whether a call that was perhaps run may be run again. Default: a GET may. */
  readonly idempotent?: boolean | undefined;
}

/** How instances of a service speak that don't say so themselves. */
export interface DialectOptions {
  readonly transport?: Dialect["transport"];
  readonly protocol?: Dialect["protocol"];
  /** `true`: the servers know the service by its name in the IDL. */
  readonly multiplexed?: string | boolean | undefined;
  readonly tls?: boolean | undefined;
  /** The name in their certificates, where it is not their address. */
  readonly tlsServerName?: string | undefined;
}

/** How a service is served. docs/http-api.md has the table. */
export interface ServiceOptions extends MethodOptions, DialectOptions {
  readonly i64?: "number" | "string";
  readonly enums?: "number" | "name";
  readonly unknownFields?: "ignore" | "reject";
  /** What the original gateway let pass: docs/mapping.md. */
  readonly lenient?: boolean | undefined;
  /** By method: these count before the service's own. */
  readonly methods?: Readonly<Record<string, MethodOptions>>;
}

/** The head of an owner: which revision of which service is current. Replaced whole, in one compare-and-set. */
export interface OwnerHead {
  readonly ownerId: string;
  readonly ownerName: string;
  /** SHA-256 of the API key, 64 hex digits. */
  readonly keyDigest: string;
  /** 1, 2, …: grows by one with each change of this owner. */
  readonly version: number;
  readonly services: readonly { readonly name: string; readonly revision: number }[];
}

/** Why a write was refused; nothing of it was stored. */
type StoreRefusal = "OWNER_EXISTS" | "SERVICE_TAKEN" | "OWNER_UNKNOWN" | "VERSION_CHANGED";
export type StoreResult =
  | { readonly ok: true; readonly head: OwnerHead }
  | { readonly ok: false; readonly refusal: StoreRefusal; readonly service?: string };

/** A service as the new head shall hold it: a new definition, or the revision that is current. */
export type ServiceWrite =
  | { readonly name: string; readonly definition: ServiceDefinition }
  | { readonly name: string; readonly keep: true };

/** What a takeover could not take over; it is still where it was. */
export interface LeftOut {
  readonly ownerId: string;
  readonly service?: string;
  readonly reason: string;
}

export interface TakeoverReport {
  readonly owners: number;
  readonly services: number;
  readonly leftOut: readonly LeftOut[];
}

/** What a store held when it was last seen. */
export interface LastSnapshot {
  /** The store has been gone since the start. */
  readonly inUse: boolean;
  /** Since it was known to be what the store holds. */
  readonly ageMs: number;
}

/** Why a service can't be served; `undefined`: it can. */
export type ServiceCheck = (service: {
  readonly name: string;
  readonly definition: ServiceDefinition;
}) => Promise<string | undefined>;

/**
 * Keeps owners and the revisions of their services. A write is visible whole or not at all, also when the process dies in
 * the middle of it, and what was acknowledged survives. A service name belongs to one owner, as long as its head holds it; after
 * that it is free, and whoever takes it continues its revisions. Names and IDs are any text, compared exactly.
 *
 * A store never checks IDL, never hashes keys, never publishes. Every call ends within the store's time bound; when the
 * store can't be reached, or can't write, it rejects with a GatewayError STORE_UNAVAILABLE. A list that names a service twice, or
 * keeps one that the head doesn't hold, is a fault of the calling code: it rejects with a TypeError.
 */
export interface Store {
  /** Opens, migrates; rejects with a clear message when the data is damaged, newer than this program, or in use. */
  open(): Promise<void>;
  createOwner(
    owner: { ownerId: string; ownerName: string; keyDigest: string },
    services: readonly { name: string; definition: ServiceDefinition }[],
    author: string,
  ): Promise<StoreResult>;
  /** Replaces the whole list of services, in this order; refused when the head's version is no longer `expectedVersion`. */
  updateOwner(ownerId: string, expectedVersion: number, services: readonly ServiceWrite[], author: string): Promise<StoreResult>;
  owner(ownerId: string): Promise<OwnerHead | undefined>;
  owners(): Promise<readonly OwnerHead[]>;
  serviceRevision(name: string, revision: number): Promise<ServiceRevision | undefined>;
  /** Those that the heads hold, in one go: what a gateway starts from. */
  currentRevisions(): Promise<readonly ServiceRevision[]>;
  /** The history, oldest first, without its definitions' IDL being parsed or checked. */
  history(name: string): Promise<readonly ServiceRevision[]>;
  /** A small secret or setting of the whole installation, e.g. the digest of the generated master key. */
  setting(name: string): Promise<string | undefined>;
  /** Sets it when it has no value yet; resolves to the value that holds. */
  initSetting(name: string, value: string): Promise<string>;
  /** Calls back with the new head after each change, in the order of an owner's versions, those of other processes included. Returns what stops it. */
  watch(listener: (head: OwnerHead) => void): () => void;
  /**
   * Where other processes write as well: reads what they had stored when this was called, and resolves once watchers were told of
   * it. Costs what was changed since the last time.
   */
  catchUp?(): Promise<void>;
  /**
   * Where there may be a database of the original gateway: takes over what it holds, once, and leaves it as it is. `undefined`:
   * there is none, or it was done before.
   */
  takeOver?(check: ServiceCheck): Promise<TakeoverReport | undefined>;
  /** Where one is kept of a store that may be gone; `undefined`: not yet. */
  lastSnapshot?(): LastSnapshot | undefined;
  /** Cheap: can it read and write now? */
  ping(): Promise<void>;
  close(): Promise<void>;
}
