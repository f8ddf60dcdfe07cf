import { createAddressPolicy } from "../core/address-policy.ts";
import { systemClock } from "../core/clock.ts";
import { createLogger } from "../core/logger.ts";
import { createMetrics } from "../core/metrics.ts";
import { requestIdFrom } from "../core/request-id.ts";
import { answerProblem } from "../data-plane/http/answer.ts";
import { type Listener, listenHttp } from "../data-plane/http/listen.ts";
import { NodeCaller } from "../data-plane/http/node-caller.ts";
import { createServing, type Serving } from "../serving.ts";
import { createSnapshot } from "../snapshot/snapshot.ts";
import { createForwarder } from "./control-socket.ts";
import type { Begin, FromWorker, ToWorker } from "./messages.ts";
import { receivedChanges } from "./sent-changes.ts";

/** How soon the registry learns that a service is called again. */
const interestDelayMs = 1_000;

/** One of the processes that serve calls; the primary (worker-pool.ts) tells it what to serve. */
const snapshot = createSnapshot();
const clock = systemClock;
const metrics = createMetrics();
const listeners: Listener[] = [];
let begun: { readonly begin: Begin; readonly serving: Serving; readonly clockLeadMs: number } | undefined;
let draining: Promise<void> | undefined;

function tell(message: FromWorker): void {
  process.send?.(message, undefined, undefined, () => {});
}

function start(begin: Begin, nowMs: number): void {
  const { config, adminAddress, tellsInterest } = begin;
  const clockLeadMs = clock.monotonicMs() - nowMs;
  const logger = createLogger({ level: config.logLevel });
  const { checkAddress } = createAddressPolicy({
    allowLoopback: config.allowLoopbackInstances,
    networks: config.instanceNetworks,
    ownListeners: () => [adminAddress, ...listeners.map(({ address }) => address)],
  });
  const interest = tellsInterest ? createInterest() : undefined;
  const serving = createServing({
    config,
    logger,
    clock,
    snapshot,
    metrics,
    checkAddress,
    takesCalls: true,
    ...(interest && { interest }),
  });
  const die = (error: unknown): void => {
    logger.fatal({ err: error }, "a fault that nothing was prepared for");
    setTimeout(() => process.exit(1), 1_000).unref();
    logger.flush(() => process.exit(1));
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  begun = { begin, serving, clockLeadMs };
}

function failed(error: Error): void {
  process.send?.({ kind: "failed", message: error.message } satisfies FromWorker, undefined, undefined, () => process.exit(1));
}

function createInterest(): (serviceName: string) => void {
  const called = new Set<string>();
  return (serviceName) => {
    if (called.has(serviceName) || snapshot.entry(serviceName) === undefined) return;
    if (called.size === 0) {
      setTimeout(() => {
        tell({ kind: "interest", services: [...called] });
        called.clear();
      }, interestDelayMs).unref();
    }
    called.add(serviceName);
  };
}

async function listen(): Promise<void> {
  const { begin, serving } = begun!;
  const { host, port, limits } = begin.config;
  const forward = createForwarder(begin.controlSocket, (request, response, error) => {
    answerProblem(new NodeCaller(request, response), error, requestIdFrom(request.headers["x-request-id"]));
  });
  const listener = await listenHttp({
    host,
    port,
    limits,
    onRefused: metrics.refused,
    ...serving.publicSide(forward),
  });
  listeners.push(listener);
  tell({ kind: "listening", url: listener.url, address: listener.address });
}

function drain(): Promise<void> {
  draining ??= (async () => {
    for (const listener of listeners) await listener.close(begun!.begin.config.drainMs);
    await begun?.serving.connections.close();
  })().then(
    () => process.exit(0),
    () => process.exit(1),
  );
  return draining;
}

async function hear(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "begin":
      start(message.begin, message.nowMs);
      break;
    case "publish":
      snapshot.publish(receivedChanges(message.changes, snapshot, begun!.clockLeadMs));
      tell({ kind: "published", turn: message.turn });
      break;
    case "listen":
      await listen().catch(failed);
      break;
    case "metrics":
      tell({ kind: "answer", question: message.question, answer: await metrics.registry.getMetricsAsJSON() });
      break;
    case "observed": {
      const seen = message.instanceIds.map((id) => begun!.serving.connections.observed(id));
      tell({ kind: "answer", question: message.question, answer: seen });
      break;
    }
    case "drain":
      await drain();
      break;
  }
}

process.on("message", (message: ToWorker) => void hear(message));
// Without the primary nothing would ever change again: what is under way is finished, and whoever supervises it starts afresh.
process.on("disconnect", () => void drain());
// They reach the whole group of processes; the primary says when it is time.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

tell({ kind: "loaded" });
