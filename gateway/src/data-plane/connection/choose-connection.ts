import type { Call } from "./call.ts";
import type { Connection } from "./connection.ts";

/**
 * Which connection takes the call; `undefined`: a new one, of which there may be `limit`. Calls of slow methods keep to themselves, and leave
 * one connection at least to the others.
 */
export function chooseConnection(
  connections: readonly Connection[],
  call: Call,
  nowMs: number,
  limit: number,
): Connection | undefined {
  return call.isSlow && limit > 1 ? chooseForSlow(connections, limit) : chooseForSwift(connections, call, nowMs, limit);
}

function chooseForSwift(connections: readonly Connection[], call: Call, nowMs: number, limit: number): Connection | undefined {
  let best: Connection | undefined;
  let accepting = 0;
  for (const connection of connections) {
    if (connection.state === "draining") continue;
    if (connection.slowCalls === 0 && !isOnTrial(connection, connections) && connection.isInviting(nowMs, call.pace.ms)) {
      return connection;
    }
    accepting += 1;
    if (best === undefined || isBetter(connection, best)) best = connection;
  }
  return accepting < limit && !connections.some((connection) => isOnTrial(connection, connections)) ? undefined : best;
}

function chooseForSlow(connections: readonly Connection[], limit: number): Connection | undefined {
  let carrying: Connection | undefined;
  let carryingCount = 0;
  let free: Connection | undefined;
  let freeCount = 0;
  for (const connection of connections) {
    if (connection.state === "draining") continue;
    if (connection.slowCalls > 0) {
      carryingCount += 1;
      if (carrying === undefined || connection.depth < carrying.depth) carrying = connection;
    } else {
      freeCount += 1;
      if (free === undefined || connection.depth < free.depth) free = connection;
    }
  }
  if (freeCount > 1 && free!.depth === 0) return free;
  const mayOpen = carryingCount + freeCount < limit && carryingCount < limit - 1;
  if (mayOpen && !connections.some((connection) => isOnTrial(connection, connections))) return undefined;
  return carrying ?? free;
}

/**
 * It has calls and never answered, while another did: a server with a single thread may never look at it. One call shows that; a second would be
 * another one lost.
 */
function isOnTrial(connection: Connection, connections: readonly Connection[]): boolean {
  return !connection.hasAnswered && connection.depth > 0 && connections.some((other) => other.hasAnswered);
}

/** Where a call that must wait waits least. */
function isBetter(one: Connection, other: Connection): boolean {
  if (one.hasAnswered !== other.hasAnswered) return one.hasAnswered;
  if (one.slowCalls !== other.slowCalls) return one.slowCalls < other.slowCalls;
  return one.depth < other.depth;
}
