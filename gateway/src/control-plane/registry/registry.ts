/** An instance as it joined. Never holds a key. */
export interface InstanceRecord {
  /** UUID derived from service, address and port. */
  readonly serverId: string;
  readonly serviceName: string;
  readonly address: string;
  readonly port: number;
  /** 1 … 100. */
  readonly weight: number;
  readonly meta: Readonly<Record<string, string>>;
}

export interface RegisteredInstance extends InstanceRecord {
  readonly health: "passing" | "critical";
}

/**
 * Keeps which instances run. Life cycle: `join` → passing; no `beat` for the TTL → critical; critical for `timeToDie` →
 * removed, but remembered for 24 h; a `beat` brings it back to passing from any of these. `leave` removes it for good.
 *
 * A registry never checks keys, never connects to an instance. When it can't be reached it rejects with a GatewayError
 * REGISTRY_UNAVAILABLE and what was watched last stays valid.
 */
export interface Registry {
  open(): Promise<void>;
  /** Registers or replaces, passing. */
  join(record: InstanceRecord): Promise<void>;
  /** `false`: this ID never joined, left, or was forgotten. */
  beat(serverId: string): Promise<boolean>;
  /** `false`: unknown. */
  leave(serverId: string): Promise<boolean>;
  /** Also an instance that is removed but remembered. */
  find(serverId: string): Promise<InstanceRecord | undefined>;
  /** Calls back at once with every service that has instances, then with the whole list of a service after each change of it. Returns what stops it. */
  watch(listener: (serviceName: string, instances: readonly RegisteredInstance[]) => void): () => void;
  /** This service is being called, so its instances matter most. For the path of calls: cheap, and never throws. */
  interest?(serviceName: string): void;
  /** Since the registry was last heard from; absent where it is part of the process. */
  ageMs?(): number;
  ping(): Promise<void>;
  close(): Promise<void>;
}
