import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Caller } from "../caller.ts";
import type { OnRefused } from "../client-fault.ts";
import { FrontConnection, type FrontContext, type FrontTimeouts } from "./front-connection.ts";
import type { HeadBounds } from "./parse-head.ts";
import { ResponseHead } from "./response-head.ts";

export interface FrontOptions {
  readonly limits: HeadBounds & FrontTimeouts & { readonly maxRequestsPerSocket: number };
  /** Whether a request for this target is a call; all others are for `node:http`. */
  readonly takes: (target: string) => boolean;
  readonly onCall: (caller: Caller) => void;
  readonly onRefused?: OnRefused | undefined;
  /** Told of a socket that `node:http` gets, and how many requests were answered on it. */
  readonly onHandOver: (socket: Socket, requests: number) => void;
}

export interface Front {
  /** Ends what is idle, and the rest with its next answer. */
  close(): void;
  /** Ends all that is left. */
  cutOff(): void;
}

/** Like that of `node:http` in listen.ts. */
const checkIntervalMs = 1_000;

/**
 * Puts a front of our own before a server of `node:http`: it reads calls in their one common form straight from the socket, and gives
 * all else to the server, the bytes included.
 */
export function putFrontBefore(server: Server, { limits, takes, onCall, onRefused, onHandOver }: FrontOptions): Front {
  const [toServer] = server.listeners("connection");
  if (toServer === undefined) throw new Error("a server of node:http listens for its connections");
  server.removeAllListeners("connection");

  const connections = new Set<FrontConnection>();
  const context: FrontContext = {
    bounds: limits,
    maxRequestsPerSocket: limits.maxRequestsPerSocket,
    responseHead: new ResponseHead(limits.keepAliveTimeoutMs),
    takes,
    onCall,
    onRefused,
    handOver(socket, bytes, requests) {
      onHandOver(socket, requests);
      // While it flows, what is put back would be gone before anybody listens for it.
      socket.pause();
      socket.unshift(bytes);
      toServer.call(server, socket);
      socket.resume();
    },
    onGone: (connection) => void connections.delete(connection),
    nowMs: performance.now(),
    closing: false,
  };
  const check = (): void => {
    context.nowMs = performance.now();
    for (const connection of connections) connection.expire(context.nowMs, limits, checkIntervalMs);
  };
  server.on("connection", (socket) => connections.add(new FrontConnection(context, socket)));
  server.once("listening", () => {
    const checking = setInterval(check, checkIntervalMs).unref();
    server.once("close", () => clearInterval(checking));
  });

  return {
    close() {
      context.closing = true;
      for (const connection of connections) connection.drain();
    },
    cutOff() {
      for (const connection of connections) connection.cutOff();
    },
  };
}
