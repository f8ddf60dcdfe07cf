import type { GatewayError } from "../../core/errors.ts";
import type { Instance } from "../../snapshot/snapshot.ts";

/** Gets exactly one of these; `onInstance` also synchronously from within `pick`. */
export interface InstanceAwaiter {
  onInstance(instance: Instance): void;
  /** NO_HEALTHY_INSTANCE, OVERLOADED, or UPSTREAM_TIMEOUT when the deadline passed in the line. */
  onNoInstance(error: GatewayError): void;
}

/** A call in the line. */
export interface Pick {
  /** The caller is gone: leave the line. */
  cancel(): void;
}
