import { GatewayError } from "../../core/errors.ts";

/** Short: another instance may have joined, or this one be back, at the next try. */
const retryAfterSeconds = "1";

/** `address` goes into the cause, for the log alone. */
function causeAt(address: string, reason: string, cause: unknown): Error {
  return new Error(`${address}: ${reason}`, { cause });
}

export function connectFailed(address: string, reason: string, cause: unknown): GatewayError {
  return new GatewayError("NO_HEALTHY_INSTANCE", "No instance of the service can be reached.", {
    headers: { "retry-after": retryAfterSeconds },
    cause: causeAt(address, reason, cause),
  });
}

export function handshakeFailed(address: string, reason: string, cause: unknown): GatewayError {
  return new GatewayError("UPSTREAM_TLS_FAILED", "The instance can't be trusted, or does not trust the gateway.", {
    cause: causeAt(address, reason, cause),
  });
}

export function connectionLost(address: string, reason: string, cause: unknown): GatewayError {
  return new GatewayError("UPSTREAM_CONNECTION_LOST", "The connection to the instance was lost before it answered.", {
    cause: causeAt(address, reason, cause),
  });
}

export function badReply(address: string, reason: string, cause: unknown): GatewayError {
  return new GatewayError("UPSTREAM_BAD_REPLY", "The instance sent bytes that are no answer to this call.", {
    cause: causeAt(address, reason, cause),
  });
}

export function replyTooLarge(address: string, reason: string, cause: unknown): GatewayError {
  return new GatewayError("UPSTREAM_REPLY_TOO_LARGE", "The instance's reply is larger than the gateway takes.", {
    cause: causeAt(address, reason, cause),
  });
}

export function timedOut(address: string): GatewayError {
  return new GatewayError("UPSTREAM_TIMEOUT", "The instance did not answer before the call's deadline.", {
    cause: new Error(address),
  });
}
