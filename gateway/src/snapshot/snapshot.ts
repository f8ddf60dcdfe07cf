import type { Dialect, MethodCodec, Schema } from "@thriftgate/thrift";
import type { RoutesSource } from "./bind-routes.ts";

export type { Dialect };

/** One running RPC server of a service. */
export interface Instance {
  /** The ServerID. */
  readonly id: string;
  /** The name of its service. */
  readonly service: string;
  /** IP literal or host name, as declared. */
  readonly address: string;
  readonly port: number;
  /** 1 … 100. */
  readonly weight: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly dialect: Dialect;
  /** Neither it nor its service declared transport or protocol: they are found out. */
  readonly dialectIsGuess?: boolean;
  /** It is spoken to with TLS. `serverName`: in its certificate, where it is not the address. */
  readonly tls?: { readonly serverName?: string };
  /** `critical`: its TTL ran out; called only when no healthy one is left. */
  readonly health: "passing" | "critical";
  /** Monotonic milliseconds; refusals in its first 10 s never eject it. */
  readonly joinedAtMs: number;
}

export interface CallOptions {
  /** Whole call, in milliseconds. */
  readonly deadlineMs: number;
  /** `true` and `false` are the owner's word; `undefined`: the HTTP method decides (RFC 9110, section 9.2.2). */
  readonly idempotent: boolean | undefined;
}

/** `/{serviceName}/{path}`, bound to one method. */
export interface Route {
  readonly path: string;
  /** Compiled at first use. */
  readonly codec: MethodCodec;
  readonly options: CallOptions;
}

/** One part of a path between slashes; `rest` is the last one, and takes all that follows. */
export type PatternSegment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "parameter" | "rest"; readonly name: string };

/** A route that the IDL asks for (`api.get="/v1/assets/:id"`). The first segment is literal. */
export interface RestRoute {
  /** In capitals. */
  readonly httpMethod: string;
  readonly pattern: readonly PatternSegment[];
  readonly route: Route;
}

/** What calls of one service are served from. Immutable: a request keeps the entry that it began with. */
export interface ServiceEntry {
  readonly name: string;
  readonly revision: number;
  readonly schema: Schema;
  /** What the routes are made from; the same object as long as they are the same. */
  readonly source: RoutesSource;
  readonly routes: ReadonlyMap<string, Route>;
  /** Absent: none. The same array as long as the revision is the same. */
  readonly rest?: readonly RestRoute[];
  readonly instances: readonly Instance[];
}

/** `undefined`: the service is gone. */
export type SnapshotChange = readonly [serviceName: string, entry: ServiceEntry | undefined];

/** The hinge between the planes: the control plane publishes, the data plane reads. */
export interface Snapshot {
  entry(serviceName: string): ServiceEntry | undefined;
  names(): Iterable<string>;
  /** Grows by one with each `publish`. */
  readonly revision: number;
  /** Replaces these entries, and no other, in one synchronous turn. */
  publish(changes: readonly SnapshotChange[]): void;
  /** Called after each `publish`, e.g. to close the connections of instances that left. Returns what unsubscribes. */
  onPublish(listener: (changes: readonly SnapshotChange[]) => void): () => void;
}

export function createSnapshot(): Snapshot {
  const entries = new Map<string, ServiceEntry>();
  const listeners = new Set<(changes: readonly SnapshotChange[]) => void>();
  let revision = 0;
  return {
    entry: (serviceName) => entries.get(serviceName),
    names: () => entries.keys(),
    get revision() {
      return revision;
    },
    publish(changes) {
      for (const [name, entry] of changes) {
        if (entry === undefined) entries.delete(name);
        else entries.set(name, entry);
      }
      revision += 1;
      for (const listener of listeners) listener(changes);
    },
    onPublish(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
