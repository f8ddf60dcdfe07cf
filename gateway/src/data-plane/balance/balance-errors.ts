import { GatewayError } from "../../core/errors.ts";

/** Instances come back, and lines get shorter, within seconds. */
const retryLater = { headers: { "retry-after": "1" } };

/** `known`: instances of the service, whatever their health. */
export function noHealthyInstance(known: number): GatewayError {
  const detail =
    known === 0 ? "No instance of the service has joined the gateway." : "No instance of the service can be reached.";
  return new GatewayError("NO_HEALTHY_INSTANCE", detail, retryLater);
}

export function overloaded(): GatewayError {
  return new GatewayError("OVERLOADED", "All instances of the service are busy, and too many calls wait for them.", retryLater);
}

export function waitedInVain(): GatewayError {
  return new GatewayError("UPSTREAM_TIMEOUT", "All instances of the service were busy until the call's deadline.");
}
