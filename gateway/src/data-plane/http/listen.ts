import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { GatewayError } from "../../core/errors.ts";
import { requestIdFrom } from "../../core/request-id.ts";
import { answerProblem } from "./answer.ts";
import type { Caller } from "./caller.ts";
import { answerClientFault, clientFault, type LastExchange, type OnRefused, rawProblem } from "./client-fault.ts";
import { endWith, refuseFurtherRequests, refusesFurtherRequests } from "./closing.ts";
import { type Front, putFrontBefore } from "./front/front.ts";
import { NodeCaller } from "./node-caller.ts";
import { inTurn } from "./pipelining.ts";
import { requestFault, targetFault } from "./request-fault.ts";

export interface HttpLimits {
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxConnections: number;
  /** 0: no bound. */
  readonly maxRequestsPerSocket: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Gets what is well-formed HTTP with a target in origin form. */
  readonly requestListener: (req: IncomingMessage, res: ServerResponse) => void;
  /** Requests for the targets that `takes` accepts may be read by our own front; without this, `node:http` reads all. */
  readonly calls?: { readonly takes: (target: string) => boolean; readonly onCall: (caller: Caller) => void } | undefined;
  readonly limits: HttpLimits;
  /** Told of each request that was refused here, for the figures. */
  readonly onRefused?: OnRefused;
  /** Told when a connection could not be accepted, e.g. for lack of file descriptors; the listener goes on. */
  readonly onAcceptError?: (error: Error) => void;
  /** Constructors of requests and responses, e.g. with Express's prototypes, so that Express need not change each object. */
  readonly IncomingMessage?: typeof IncomingMessage;
  readonly ServerResponse?: typeof ServerResponse;
}

export interface Listener {
  /** With the address and port that were bound. */
  readonly url: string;
  readonly address: AddressInfo;
  readonly closing: boolean;
  /** Takes nothing new, finishes what is under way, and cuts off what is not finished after `drainMs`. */
  close(drainMs: number): Promise<void>;
}

/** How often node:http looks for requests that take too long; its default of 30 s would double every timeout. */
const timeoutCheckMs = 1_000;

const last = Symbol("last exchange");
const requests = Symbol("requests");

interface CallerSocket extends Socket {
  [last]?: LastExchange;
  [requests]?: number;
}

/** Opens a port and hands on what is sound; everything else is answered here, as problem+json. */
export function listenHttp(options: ListenOptions): Promise<Listener> {
  const { limits, requestListener, onRefused } = options;
  const sockets = new Set<CallerSocket>();
  let closed: Promise<void> | undefined;

  const server = createServer({
    ...(options.IncomingMessage && { IncomingMessage: options.IncomingMessage }),
    ...(options.ServerResponse && { ServerResponse: options.ServerResponse }),
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: timeoutCheckMs,
    insecureHTTPParser: false,
    // Checked in requestFault: node:http's own answer has no body.
    requireHostHeader: false,
  });
  // Beyond its bound node:http drops headers and says nothing; requestFault counts them.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.maxConnections;

  /** Ours, since node:http's own leaves the connection open and answers what is pipelined behind the last request without a body. */
  const isLastOf = (socket: CallerSocket): boolean => {
    if (limits.maxRequestsPerSocket === 0) return false;
    socket[requests] = (socket[requests] ?? 0) + 1;
    return socket[requests] >= limits.maxRequestsPerSocket;
  };

  const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    const socket: CallerSocket = req.socket;
    if (refusesFurtherRequests(socket)) return;
    socket[last] = { req, res };
    if (closed !== undefined || isLastOf(socket)) {
      res.shouldKeepAlive = false;
      refuseFurtherRequests(socket);
    }
    const fault = requestFault(req, limits.maxHeaders) ?? targetFault(req);
    if (fault !== undefined) refuse(req, res, fault);
    else if (res.socket !== null) requestListener(req, res);
    else inTurn(socket, res, () => requestListener(req, res));
  };

  const refuse = (req: IncomingMessage, res: ServerResponse, fault: GatewayError): void => {
    onRefused?.(fault.code);
    answerProblem(new NodeCaller(req, res), fault, requestIdFrom(undefined), { close: true });
  };

  const front: Front | undefined =
    options.calls &&
    putFrontBefore(server, {
      ...options.calls,
      limits,
      onRefused,
      onHandOver(socket: CallerSocket, answered) {
        socket[requests] = answered;
      },
    });
  server.on("connection", (socket: CallerSocket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", onRequest);
  server.on("checkContinue", (req, res) => {
    onRequest(req, res);
    // Whoever does not refuse at once wants the body.
    setImmediate(() => {
      if (!res.headersSent && !res.destroyed) res.writeContinue();
    });
  });
  server.on("checkExpectation", (req, res) => {
    refuse(req, res, new GatewayError("EXPECTATION_FAILED", "The only expectation that can be met is 100-continue."));
  });
  server.on("connect", (_req, socket: CallerSocket) => {
    onRefused?.("METHOD_NOT_ALLOWED");
    const fault = new GatewayError("METHOD_NOT_ALLOWED", "This is no proxy.", { headers: { allow: "GET, POST, PUT" } });
    endWith(socket, rawProblem(fault, requestIdFrom(undefined)));
  });
  server.on("clientError", (error, socket: CallerSocket) => {
    const fault = clientFault(error, socket);
    if (fault === undefined) {
      socket.destroy();
      return;
    }
    onRefused?.(fault.code);
    answerClientFault(fault, socket, socket[last]);
  });

  const close = (drainMs: number): Promise<void> =>
    new Promise((resolve) => {
      const cutOff = setTimeout(() => {
        server.closeAllConnections();
        front?.cutOff();
      }, drainMs);
      server.close(() => {
        clearTimeout(cutOff);
        resolve();
      });
      front?.close();
      for (const socket of sockets) closeWhenAnswered(socket);
    });

  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(cannotListen(options, error));
    server.once("error", failed);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off("error", failed);
      server.on("error", (error) => options.onAcceptError?.(error));
      const address = server.address() as AddressInfo;
      resolve({
        address,
        url: `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`,
        get closing() {
          return closed !== undefined;
        },
        close: (drainMs) => (closed ??= close(drainMs)),
      });
    });
  });
}

/** `server.close` has closed the connections that wait for their next request. */
function closeWhenAnswered(socket: CallerSocket): void {
  const exchange = socket[last];
  if (exchange === undefined) {
    if (socket.bytesRead === 0) socket.destroy();
  } else if (!exchange.res.closed) {
    refuseFurtherRequests(socket);
    if (exchange.res.headersSent) exchange.res.once("close", () => socket.destroySoon());
    else exchange.res.shouldKeepAlive = false;
  }
}

function cannotListen({ host, port }: ListenOptions, error: NodeJS.ErrnoException): Error {
  const where = `cannot listen on ${host}:${port}: `;
  switch (error.code) {
    case "EADDRINUSE":
      return new Error(`${where}another process uses the port`, { cause: error });
    case "EACCES":
      return new Error(`${where}the system does not allow this port`, { cause: error });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new Error(`${where}this machine has no such address`, { cause: error });
    default:
      return new Error(where + error.message, { cause: error });
  }
}
