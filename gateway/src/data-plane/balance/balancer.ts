import type { GatewayError } from "../../core/errors.ts";
import type { Instance, ServiceEntry } from "../../snapshot/snapshot.ts";

/** Gets exactly one of these; `onInstance` also synchronously from within `pick`. */
export interface InstanceAwaiter {
  onInstance(instance: Instance): void;
  /** NO_HEALTHY_INSTANCE, OVERLOADED, or UPSTREAM_TIMEOUT when the deadline passed in the line. */
  onNoInstance(error: GatewayError): void;
}

export interface Pick {
  /** The caller is gone: leave the line. */
  cancel(): void;
}

/** Step 4: which instance takes the call. Counts calls in flight; when all are full, the call waits in its service's line. */
export interface Balancer {
  /** `tried`: IDs that this call has failed on; used again only never. The instance counts one more call until `release`. */
  pick(entry: ServiceEntry, tried: readonly string[], deadlineAtMs: number, awaiter: InstanceAwaiter): Pick | undefined;
  /** The call on this instance ended; `outcome` feeds ejection. */
  release(
    entry: ServiceEntry,
    instance: Instance,
    outcome: "answered" | "connect-failed" | "lost" | "timed-out" | "cancelled",
  ): void;
  /** Takes one retry from the service's budget (20 % of its calls, and a few more at low rates); `false`: none left. */
  mayRetry(entry: ServiceEntry): boolean;
}
