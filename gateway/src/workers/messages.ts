import type { Schema } from "@thriftgate/thrift";
import type { GatewayConfig } from "../config.ts";
import type { Listener } from "../data-plane/http/listen.ts";
import type { RoutesSource } from "../snapshot/bind-routes.ts";
import type { Instance } from "../snapshot/snapshot.ts";

/** A change of one service as it travels to a worker; routes only where they are not the ones it has. */
export interface SentChange {
  readonly name: string;
  /** `undefined`: the service is gone. */
  readonly entry:
    | {
        /** `joinedAtMs` is the primary's. */
        readonly instances: readonly Instance[];
        readonly routes: { readonly revision: number; readonly schema: Schema; readonly source: RoutesSource } | undefined;
      }
    | undefined;
}

/** What the data plane of one process saw of an instance. */
export interface Observed {
  readonly state: "idle" | "connected" | "failing";
  readonly inFlight: number;
  readonly dialect?: Instance["dialect"];
}

export interface Begin {
  readonly config: GatewayConfig;
  /** Where the primary takes the requests that are not calls. */
  readonly controlSocket: string;
  /** Instances that are the gateway itself would call it in circles. */
  readonly adminAddress: Listener["address"];
  /** Whether the registry wants to know which services are called. */
  readonly tellsInterest: boolean;
}

export type ToWorker =
  /** `nowMs` of the primary's monotonic clock; the worker's own began at another time. */
  | { readonly kind: "begin"; readonly begin: Begin; readonly nowMs: number }
  | { readonly kind: "publish"; readonly turn: number; readonly changes: readonly SentChange[] }
  | { readonly kind: "listen" }
  | { readonly kind: "metrics"; readonly question: number }
  | { readonly kind: "observed"; readonly question: number; readonly instanceIds: readonly string[] }
  | { readonly kind: "drain" };

export type FromWorker =
  /** It hears messages from now on. */
  | { readonly kind: "loaded" }
  | { readonly kind: "listening"; readonly url: string; readonly address: Listener["address"] }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "published"; readonly turn: number }
  | { readonly kind: "answer"; readonly question: number; readonly answer: unknown }
  | { readonly kind: "interest"; readonly services: readonly string[] };
