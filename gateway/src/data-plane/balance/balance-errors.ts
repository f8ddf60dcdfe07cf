import { GatewayError } from "../../core/errors.ts";

/** Instances come back, and lines get shorter, within seconds. */
const retryLater = { headers: { "retry-after": "1" } };

export function noHealthyInstance(): GatewayError {
  return new GatewayError("NO_HEALTHY_INSTANCE", "No instance of the service can take the call.", retryLater);
}

export function overloaded(): GatewayError {
  return new GatewayError("OVERLOADED", "All instances of the service are busy, and too many calls wait for them.", retryLater);
}

export function waitedInVain(): GatewayError {
  return new GatewayError("UPSTREAM_TIMEOUT", "All instances of the service were busy until the call's deadline.");
}
