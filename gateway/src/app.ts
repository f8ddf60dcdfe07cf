import { createServer, IncomingMessage, ServerResponse } from "node:http";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { AggregatorRegistry } from "prom-client";
import { type GatewayConfig, type GatewayLimits, resolveConfig } from "./config.ts";
import type { MetricsSource } from "./control-plane/admin/admin-routes.ts";
import { createControlPlane } from "./control-plane/control-plane.ts";
import { createRegistry } from "./control-plane/registry/create-registry.ts";
import { createStore } from "./control-plane/store/create-store.ts";
import { createAddressPolicy } from "./core/address-policy.ts";
import { systemClock } from "./core/clock.ts";
import { GatewayError, toGatewayError } from "./core/errors.ts";
import { createLogger, type Logger } from "./core/logger.ts";
import { createMetrics, type InstanceCount, type Metrics } from "./core/metrics.ts";
import { requestIdFrom } from "./core/request-id.ts";
import { createCallInstance } from "./data-plane/call-instance.ts";
import { answerProblem } from "./data-plane/http/answer.ts";
import { type Listener, type ListenOptions, listenHttp } from "./data-plane/http/listen.ts";
import { NodeCaller } from "./data-plane/http/node-caller.ts";
import { createServing } from "./serving.ts";
import { createSnapshot, type Snapshot } from "./snapshot/snapshot.ts";
import { type ControlSocket, listenOnControlSocket } from "./workers/control-socket.ts";
import { createWorkerPool, type WorkerPool } from "./workers/worker-pool.ts";

/** Any key of the configuration (docs/configuration.md), and what only code can give. */
export interface GatewayOptions extends Partial<Omit<GatewayConfig, "limits">> {
  readonly limits?: Partial<GatewayLimits>;
  /** A pino logger; `false`: none. Default: one that writes to stderr. */
  readonly logger?: Logger | false;
}

export interface Gateway {
  /**
   * The whole public side as an Express application: usable in another one (`app.use("/gateway", gateway.app)`, before any
   * body parser) and by supertest, without `listen()`. Requests wait until the gateway is ready; all that reach it are answered.
   */
  readonly app: Express;
  /** Calls alone, as middleware: `/{service}/{path}` below where it is mounted, before any body parser. */
  readonly callPath: RequestHandler;
  /** Opens store and registry and publishes what they hold; the first request does it too. Rejects when they can't be opened. */
  ready(): Promise<void>;
  /** Opens both listeners; resolves to their addresses. Rejects when a port is taken, or the gateway was closed. */
  listen(): Promise<GatewayAddresses>;
  /** Takes no new requests, finishes those under way within `drainMs`, then lets go of everything. */
  close(): Promise<void>;
}

export interface GatewayAddresses {
  /** Of the public listener, e.g. `http://127.0.0.1:4200`. */
  readonly url: string;
  readonly adminUrl: string;
}

/** A gateway that has not begun to do anything yet. @throws {ConfigError} which names every fault of the options */
export function createGateway(options: GatewayOptions = {}): Gateway {
  const { logger: givenLogger, ...given } = options;
  const config = resolveConfig({ file: { content: given } });
  const { limits, drainMs } = config;
  const logger = givenLogger || createLogger({ level: givenLogger === false ? "silent" : config.logLevel });
  const clock = systemClock;
  const listeners: Listener[] = [];

  const snapshot = createSnapshot();
  const addresses = createAddressPolicy({
    allowLoopback: config.allowLoopbackInstances,
    networks: config.instanceNetworks,
    ownListeners: () => [...listeners, ...(workers?.address ? [workers] : [])].map(({ address }) => address!),
  });
  const store = createStore(config, { clock, logger });
  const metrics = createMetrics({
    instances: () => instanceCounts(snapshot),
    lastSnapshotAgeMs: () => store.lastSnapshot?.()?.ageMs,
  });

  const registry = createRegistry(config, { clock, logger });
  const { interest } = registry;
  const { checkAddress } = addresses;
  const takesCalls = config.workers === 1;
  const serving = createServing({ config, logger, clock, snapshot, metrics, checkAddress, interest, takesCalls });
  const { handleCall, connections } = serving;
  const workers = takesCalls ? undefined : createWorkerPool({ config, snapshot, clock, logger, interest });

  const controlPlane = createControlPlane({
    config,
    store,
    registry,
    snapshot,
    addresses,
    clock,
    logger,
    metrics: workers ? addedUp(metrics.registry, workers) : metrics.registry,
    observed: workers ? workers.observed : (instanceIds) => instanceIds.map(connections.observed),
    ...(workers && { published: workers.published }),
    instanceCalls: { call: createCallInstance(connections, clock), retire: connections.retire },
  });

  let state: "idle" | "opening" | "open" | "closed" = "idle";
  let opening: Promise<void> | undefined;
  let listening: Promise<GatewayAddresses> | undefined;
  let closing: Promise<void> | undefined;
  let control: ControlSocket | undefined;

  function answerError(request: IncomingMessage, response: ServerResponse): (thrown: unknown) => void {
    return (thrown) => {
      const requestId = requestIdFrom(request.headers["x-request-id"]);
      const error = toGatewayError(thrown);
      if (error.status >= 500) logger.error({ requestId, code: error.code, err: error.cause ?? error }, "request failed");
      if (response.headersSent) response.destroy();
      else answerProblem(new NodeCaller(request, response), error, requestId);
    };
  }

  const onError: ErrorRequestHandler = (error, request, response, _next) => answerError(request, response)(ownError(error));

  const app = createExpress();
  const callPath: RequestHandler = (request, response) => {
    const caller = new NodeCaller(request, response);
    if (state === "open") handleCall(caller);
    else ready().then(() => handleCall(caller), answerError(request, response));
  };
  app.use((_request, _response, next) => {
    if (state === "open") next();
    else ready().then(() => next(), next);
  });
  app.use(controlPlane.router, callPath, onError);

  const adminApp = createExpress();
  adminApp.use(controlPlane.adminRouter, notFound, onError);

  function ready(): Promise<void> {
    opening ??= open();
    return opening;
  }

  async function open(): Promise<void> {
    if (state === "closed") throw new Error("the gateway is closed");
    state = "opening";
    await controlPlane.open();
    if (state === "opening") state = "open";
  }

  async function listen(): Promise<GatewayAddresses> {
    await ready();
    const onRefused = metrics.refused;
    const onAcceptError = (error: Error) => logger.warn({ err: error }, "a connection could not be accepted");
    const common = { limits, onRefused, onAcceptError };
    try {
      const admin = await start({ host: config.adminHost, port: config.adminPort, requestListener: adminApp, ...common });
      if (workers) return { url: await listenInWorkers(workers, admin), adminUrl: admin.url };
      const { host, port } = config;
      const own = await start({ host, port, ...serving.publicSide(app), ...common, ...expressClasses(app) });
      return { url: own.url, adminUrl: admin.url };
    } catch (error) {
      await close();
      throw error;
    }
  }

  async function listenInWorkers(pool: WorkerPool, admin: Listener): Promise<string> {
    control = await listenOnControlSocket({ ...expressClasses(app), maxHeaderSize: 2 * limits.maxHeaderBytes }, app);
    const port = config.port || (await freePort(config.host));
    const { url } = await pool.listen({ port, controlSocket: control.path, adminAddress: admin.address });
    return url;
  }

  async function start(listenOptions: ListenOptions): Promise<Listener> {
    const listener = await listenHttp(listenOptions);
    listeners.push(listener);
    if (state === "closed") {
      await listener.close(0);
      throw new Error("the gateway was closed while it started");
    }
    return listener;
  }

  function close(): Promise<void> {
    closing ??= closeAll();
    return closing;
  }

  async function closeAll(): Promise<void> {
    state = "closed";
    await workers?.close(drainMs);
    await control?.close();
    // The admin listener last: it tells how the draining goes.
    for (const listener of [...listeners].reverse()) await listener.close(drainMs);
    await connections.close();
    // What could not be opened has closed itself.
    await opening?.then(controlPlane.close, () => {});
  }

  return { app, callPath, ready, listen: () => (listening ??= listen()), close };
}

function createExpress(): Express {
  const app = express();
  app.disable("x-powered-by");
  // Where an answer has one, the control plane says which.
  app.disable("etag");
  app.enable("case sensitive routing");
  return app;
}

/**
 * Express gives each request and response its own prototype, which costs more than all else that it does; objects that
 * have it from the start are left alone (docs/decisions/0002-calls-bypass-express.md).
 */
function expressClasses(app: Express): Pick<ListenOptions, "IncomingMessage" | "ServerResponse"> {
  const prototypes = app as unknown as { request: object; response: object };
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse extends ServerResponse {}
  prototypes.request = inherit(ExpressRequest.prototype, prototypes.request);
  prototypes.response = inherit(ExpressResponse.prototype, prototypes.response);
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse as typeof ServerResponse };
}

function inherit(prototype: object, parent: object): object {
  return Object.setPrototypeOf(prototype, parent) as object;
}

const notFound: RequestHandler = () => {
  throw new GatewayError("NOT_FOUND", "There is no such resource.");
};

/** Express's faults have a status; of those that are the caller's, one can reach us: a path that can't be decoded. */
function ownError(error: unknown): unknown {
  if (error instanceof GatewayError) return error;
  const { status } = error as { status?: unknown };
  const isCallers = typeof status === "number" && status < 500;
  return isCallers ? new GatewayError("INVALID_PATH", "The path is not well-formed.", { cause: error }) : error;
}

/** Workers that start later must find the port that the first ones got. */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen({ host, port: 0 }, () => {
      const { port } = server.address() as Listener["address"];
      server.close(() => resolve(port));
    });
  });
}

/** `/metrics` of all processes as of one. */
function addedUp(own: Metrics["registry"], workers: WorkerPool): MetricsSource {
  return {
    contentType: own.contentType,
    async metrics() {
      const [ours, theirs] = await Promise.all([own.getMetricsAsJSON(), workers.metrics()]);
      return AggregatorRegistry.aggregate([ours, ...theirs]).metrics();
    },
  };
}

function* instanceCounts(snapshot: Snapshot): Iterable<InstanceCount> {
  for (const service of snapshot.names()) {
    const counts = new Map<string, number>();
    for (const { health } of snapshot.entry(service)!.instances) counts.set(health, (counts.get(health) ?? 0) + 1);
    for (const [health, count] of counts) yield { service, health, count };
  }
}
