import { GatewayRefusal } from "./gateway-refusal.ts";
import type { GatewayAnswer } from "./gateway-request.ts";

/** Where a server stands with its gateways. */
export type JoinState =
  /** Its own server does not listen yet. */
  | { readonly name: "waiting" }
  /** `attempt` requests failed in a row, the last with `error`. */
  | { readonly name: "connecting"; readonly attempt: number; readonly error?: Error; readonly retryAfterMs?: number }
  /** The gateway sends calls. */
  | { readonly name: "joined"; readonly gateway: string; readonly serverId: string; readonly heartbeatMs: number }
  /** Not now, by its own word. */
  | { readonly name: "unhealthy" }
  /** The key, or what was asked for, is not accepted: tried again, but slowly. */
  | { readonly name: "refused"; readonly error: GatewayRefusal }
  | { readonly name: "left" };

/** What gateways that do not name a rate get: two beats may be lost within the TTL of 45 s. */
const DEFAULT_HEARTBEAT_MS = 15_000;
const HEARTBEAT_RANGE_MS = { from: 100, to: 3_600_000 };

/** What follows from an answer to `/connect`. */
export function afterConnect(attempt: number, gateway: string, answer: GatewayAnswer): JoinState {
  const { ServerID: serverId, heartbeatMs } = answer.body;
  if (answer.status === 200 && typeof serverId === "string" && serverId !== "") {
    const inRange =
      typeof heartbeatMs === "number" && heartbeatMs >= HEARTBEAT_RANGE_MS.from && heartbeatMs <= HEARTBEAT_RANGE_MS.to;
    return { name: "joined", gateway, serverId, heartbeatMs: inRange ? heartbeatMs : DEFAULT_HEARTBEAT_MS };
  }
  const error = new GatewayRefusal("/connect", answer);
  return isFinal(answer.status) ? { name: "refused", error } : failed(attempt, error, answer);
}

/** What follows from an answer to `/health`. A server that the gateway does not know, or that was not heard, connects again. */
export function afterBeat(joined: JoinState & { name: "joined" }, answer: GatewayAnswer): JoinState {
  if (answer.status === 200) return joined;
  const error = new GatewayRefusal("/health", answer);
  if (answer.status === 404) return { name: "connecting", attempt: 0, error };
  return isFinal(answer.status) ? { name: "refused", error } : failed(0, error, answer);
}

/** `attempt` had failed before. Only 429 says how long to wait: after an outage, back-off is the quicker. */
export function failed(attempt: number, error: Error, answer?: GatewayAnswer): JoinState {
  const retryAfterMs = answer?.status === 429 ? answer.retryAfterMs : undefined;
  return { name: "connecting", attempt: attempt + 1, error, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** Neither time nor another gateway mends it. 404: the service is not registered yet, and may be any moment. */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && ![404, 408, 425, 429].includes(status);
}

const FIRST_BACK_OFF_MS = 100;
const MAX_BACK_OFF_MS = 5_000;
const MAX_RETRY_AFTER_MS = 60_000;
const UNHEALTHY_MS = 2_000;
const REFUSED_MS = 30_000;

/** How long to wait before the next step; `random` is within 0 … 1. */
export function delayMs(state: JoinState, random: number): number {
  switch (state.name) {
    case "joined":
      // Never later than the gateway's rate, and servers that started together drift apart.
      return state.heartbeatMs * (0.8 + 0.2 * random);
    case "connecting":
      if (state.retryAfterMs !== undefined) return Math.min(state.retryAfterMs, MAX_RETRY_AFTER_MS) * (1 + 0.2 * random);
      // Full jitter: after an outage, a thousand servers spread evenly.
      return state.attempt === 0 ? 0 : Math.min(FIRST_BACK_OFF_MS * 2 ** state.attempt, MAX_BACK_OFF_MS) * random;
    case "unhealthy":
      return UNHEALTHY_MS * (0.8 + 0.2 * random);
    case "refused":
      return REFUSED_MS * (1 + random);
    case "waiting":
    case "left":
      return 0;
  }
}
