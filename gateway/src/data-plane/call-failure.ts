import type { GatewayError } from "../core/errors.ts";
import type { Balancer } from "./balance/balancer.ts";

/** RFC 9110, section 9.2.2. */
const idempotentMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

export function isIdempotent(httpMethod: string): boolean {
  return idempotentMethods.has(httpMethod);
}

/** What the balancer is told of an instance that failed a call. */
export function outcomeOf(error: GatewayError, sent: boolean): Parameters<Balancer["release"]>[2] {
  if (error.code === "UPSTREAM_TIMEOUT") return "timed-out";
  return sent ? "lost" : "connect-failed";
}

/** Another instance may do better. A reply that is too large is so everywhere, and a deadline is over for good. */
export function isLoss({ code }: GatewayError): boolean {
  return code === "UPSTREAM_CONNECTION_LOST" || code === "UPSTREAM_BAD_REPLY";
}
