import { IncomingMessage, ServerResponse } from "node:http";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { type GatewayConfig, type GatewayLimits, resolveConfig } from "./config.ts";
import { createControlPlane } from "./control-plane/control-plane.ts";
import { createRegistry } from "./control-plane/registry/create-registry.ts";
import type { Registry } from "./control-plane/registry/registry.ts";
import { createStore } from "./control-plane/store/create-store.ts";
import { createAddressPolicy } from "./core/address-policy.ts";
import { systemClock } from "./core/clock.ts";
import { DeadlineWheel } from "./core/deadline.ts";
import { GatewayError, toGatewayError } from "./core/errors.ts";
import { createAccessLog, createLogger, type Logger } from "./core/logger.ts";
import { createMetrics, type InstanceCount } from "./core/metrics.ts";
import { requestIdFrom } from "./core/request-id.ts";
import { type Balancer, createBalancer } from "./data-plane/balance/balancer.ts";
import { createCallInstance } from "./data-plane/call-instance.ts";
import { createInstanceConnections, type InstanceConnections } from "./data-plane/connection/instance-connections.ts";
import { createInstanceSecurity } from "./data-plane/connection/instance-security.ts";
import { createCallHandler } from "./data-plane/handle-call.ts";
import { answerProblem } from "./data-plane/http/answer.ts";
import { type Listener, type ListenOptions, listenHttp } from "./data-plane/http/listen.ts";
import { NodeCaller } from "./data-plane/http/node-caller.ts";
import { createSnapshot, type Instance, type Snapshot } from "./snapshot/snapshot.ts";

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

/** The first segments of the control plane's endpoints; everything else is a call. */
const CONTROL_PATH = /^\/(?:ping|register|update|connect|disconnect|health)(?:[/?]|$)/;

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
    ownListeners: () => listeners.map(({ address }) => address),
  });
  const store = createStore(config, { clock, logger });
  const metrics = createMetrics({
    instances: () => instanceCounts(snapshot),
    lastSnapshotAgeMs: () => store.lastSnapshot?.()?.ageMs,
  });

  const deadlines = new DeadlineWheel(clock);
  const { checkAddress } = addresses;
  const security = createInstanceSecurity(config);
  const connections = createInstanceConnections({ clock, deadlines, limits, checkAddress, security });
  const balancer = createBalancer({ clock, deadlines, limits });
  const registry = createRegistry(config, { clock, logger });
  const served = tellingInterest(snapshot, registry);
  const accessLog = createAccessLog(logger, config.accessLogSampling, clock);
  const handleCall = createCallHandler({ snapshot: served, balancer, connections, metrics, accessLog, clock, limits });
  followSnapshot(snapshot, { balancer, connections, forget: metrics.forget });

  const controlPlane = createControlPlane({
    config,
    store,
    registry,
    snapshot,
    addresses,
    clock,
    logger,
    metrics: metrics.registry,
    observed: (instanceId) => connections.observed(instanceId),
    instanceCalls: { call: createCallInstance(connections, clock), retire: connections.retire },
  });

  let state: "idle" | "opening" | "open" | "closed" = "idle";
  let opening: Promise<void> | undefined;
  let listening: Promise<GatewayAddresses> | undefined;
  let closing: Promise<void> | undefined;

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
      const requestListener = (request: IncomingMessage, response: ServerResponse): void => {
        if (CONTROL_PATH.test(request.url!)) app(request, response);
        else handleCall(new NodeCaller(request, response));
      };
      const { host, port } = config;
      const own = await start({ host, port, requestListener, ...common, ...expressClasses(app) });
      return { url: own.url, adminUrl: admin.url };
    } catch (error) {
      await close();
      throw error;
    }
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

/** Keeps what the data plane knows of services and instances in step with what is published. */
function followSnapshot(
  snapshot: Snapshot,
  dataPlane: {
    readonly balancer: Pick<Balancer, "onEntryChanged">;
    readonly connections: Pick<InstanceConnections, "retire">;
    readonly forget: (serviceName: string) => void;
  },
): void {
  const published = new Map<string, readonly Instance[]>();
  snapshot.onPublish((changes) => {
    for (const [serviceName, entry] of changes) {
      const before = published.get(serviceName) ?? [];
      const staying = new Set(entry?.instances.map(({ id }) => id));
      if (entry) published.set(serviceName, entry.instances);
      else published.delete(serviceName);
      dataPlane.balancer.onEntryChanged(serviceName, entry);
      for (const { id } of before) if (!staying.has(id)) dataPlane.connections.retire(id);
      if (!entry) dataPlane.forget(serviceName);
    }
  });
}

/** What calls look up is what the registry has to be quickest with. */
function tellingInterest(snapshot: Snapshot, { interest }: Registry): Pick<Snapshot, "entry" | "names" | "onPublish"> {
  if (!interest) return snapshot;
  return {
    entry(serviceName) {
      interest(serviceName);
      return snapshot.entry(serviceName);
    },
    names: snapshot.names,
    onPublish: snapshot.onPublish,
  };
}

function* instanceCounts(snapshot: Snapshot): Iterable<InstanceCount> {
  for (const service of snapshot.names()) {
    const counts = new Map<string, number>();
    for (const { health } of snapshot.entry(service)!.instances) counts.set(health, (counts.get(health) ?? 0) + 1);
    for (const [health, count] of counts) yield { service, health, count };
  }
}
