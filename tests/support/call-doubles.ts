import type { IncomingMessage, ServerResponse } from "node:http";
import { type EncodedCall, MessageType, type MethodCodec, type MethodDescriptor } from "@thriftgate/thrift";
import type { ByteBudget } from "../../gateway/src/core/byte-budget.ts";
import { systemClock } from "../../gateway/src/core/clock.ts";
import { GatewayError } from "../../gateway/src/core/errors.ts";
import type { AccessLog, CallLine } from "../../gateway/src/core/logger.ts";
import { createMetrics } from "../../gateway/src/core/metrics.ts";
import type { Balancer, InstanceAwaiter } from "../../gateway/src/data-plane/balance/balancer.ts";
import type { PendingCall, ReplyObserver } from "../../gateway/src/data-plane/connection/instance-connections.ts";
import { type CallDependencies, createCallHandler } from "../../gateway/src/data-plane/handle-call.ts";
import type { Caller } from "../../gateway/src/data-plane/http/caller.ts";
import { NodeCaller } from "../../gateway/src/data-plane/http/node-caller.ts";
import { type CallOptions, createSnapshot, type Instance, type Route } from "../../gateway/src/snapshot/snapshot.ts";
import { testInstance } from "./instance.ts";
import { applicationException } from "./thrift-bytes.ts";

/** What an instance of these tests does with a call. */
export type Behaviour =
  | { readonly reply: string }
  | { readonly applicationException: number }
  | { readonly failure: GatewayError; readonly sent: boolean }
  | "never";

export const echo = "echo";

export interface CallWorldOptions {
  /** By instance, in the order in which they are picked. An instance does its last behaviour for ever. */
  readonly instances?: readonly (Behaviour | typeof echo)[];
  readonly options?: Partial<CallOptions>;
  readonly oneway?: boolean;
  readonly mayRetry?: boolean;
  readonly codec?: Partial<MethodCodec>;
  readonly limits?: Partial<CallDependencies["limits"]>;
  readonly budget?: ByteBudget;
}

export interface CallWorld {
  readonly handleCall: (caller: Caller) => void;
  /** The same as a listener for requests, and as Express middleware. */
  readonly handler: (req: IncomingMessage, res: ServerResponse) => void;
  readonly metrics: ReturnType<typeof createMetrics>;
  /** IDs of the instances that were called, in order. */
  readonly called: string[];
  /** "instance outcome", in order. */
  readonly released: string[];
  readonly cancelledCalls: string[];
  readonly lines: CallLine[];
  /** The bytes of each call. */
  readonly sent: string[];
  /** Resolves when that many calls were begun. */
  whenCalled(count: number): Promise<void>;
  /** Resolves when that many calls have ended. */
  whenEnded(count: number): Promise<void>;
}

/** A gateway's call path between real HTTP and made-up instances, with one service `Echo` and its route `echo`. */
export function createCallWorld(world: CallWorldOptions = {}): CallWorld {
  const behaviours = world.instances ?? [echo];
  const instances = behaviours.map((_, index) => testInstance({ id: `i${index + 1}` }));
  const method: MethodDescriptor = {
    name: "echo",
    oneway: world.oneway ?? false,
    argumentsIndex: 0,
    result: undefined,
    exceptions: [{ id: 1, name: "failed", type: { kind: "struct", index: 1 }, requiredness: "default", annotations: [] }],
    annotations: [],
  };
  const codec: MethodCodec = {
    method,
    encodeJson: (json) => ({ bytes: Uint8Array.from(json), seqidOffset: 0 }),
    encodeText: (pairs) => ({ bytes: Buffer.from(JSON.stringify(pairs)), seqidOffset: 0 }),
    decodeResult: (bytes, offset, end) => ({ kind: "value", json: bytes.subarray(offset, end) }),
    ...world.codec,
  };
  const route: Route = { path: "echo", codec, options: { deadlineMs: 5_000, idempotent: undefined, ...world.options } };
  const snapshot = createSnapshot();
  const structs = [
    { name: "echo_args", kind: "arguments" as const, fields: [], annotations: [] },
    { name: "Failed", kind: "exception" as const, fields: [], annotations: [["api.http_code", "409"]] as const },
  ];
  const schema = { services: [], structs, enums: [] };
  const source = { idlService: "Echo", codec: {}, routes: [], rest: [] };
  const routes = new Map([["echo", route]]);
  snapshot.publish([["Echo", { name: "Echo", revision: 1, schema, source, routes, instances }]]);

  const called: string[] = [];
  const released: string[] = [];
  const cancelledCalls: string[] = [];
  const lines: CallLine[] = [];
  const sent: string[] = [];
  const waiting: { readonly reached: () => boolean; readonly resolve: () => void }[] = [];
  const changed = () => {
    for (const { reached, resolve } of waiting) if (reached()) resolve();
  };
  const when = (reached: () => boolean) =>
    new Promise<void>((resolve) => {
      waiting.push({ reached, resolve });
      changed();
    });

  const balancer: Balancer = {
    pick(_entry, tried, _deadlineAtMs, awaiter: InstanceAwaiter) {
      const next = instances.find(({ id }) => !tried.includes(id));
      if (next === undefined) awaiter.onNoInstance(new GatewayError("NO_HEALTHY_INSTANCE", "No instance can take the call."));
      else awaiter.onInstance(next);
      return undefined;
    },
    release(_entry, { id }, outcome) {
      released.push(`${id} ${outcome}`);
    },
    mayRetry: () => world.mayRetry ?? true,
    onEntryChanged: () => undefined,
  };
  const connections = {
    call(to: Instance, call: EncodedCall, _name: string, oneway: boolean, _at: number, observer: ReplyObserver): PendingCall {
      called.push(to.id);
      sent.push(Buffer.from(call.bytes).toString());
      const behaviour = behaviours[instances.indexOf(to)]!;
      setImmediate(() => behave(behaviour, call, oneway, observer));
      changed();
      return { cancel: () => void cancelledCalls.push(to.id) };
    },
  };
  const accessLog: AccessLog = {
    wants: () => true,
    write(line) {
      lines.push(line);
      changed();
    },
  };
  const metrics = createMetrics({ process: false });
  const handleCall = createCallHandler({
    snapshot,
    balancer,
    connections,
    metrics,
    accessLog,
    clock: systemClock,
    limits: { maxCallBodyBytes: 1_000, maxQueryArguments: 200, ...world.limits },
    ...(world.budget && { budget: world.budget }),
  });
  return {
    handleCall,
    handler: (req, res) => handleCall(new NodeCaller(req, res)),
    metrics,
    called,
    released,
    cancelledCalls,
    lines,
    sent,
    whenCalled: (count) => when(() => called.length >= count),
    whenEnded: (count) => when(() => lines.length >= count),
  };
}

function behave(behaviour: Behaviour | typeof echo, call: EncodedCall, oneway: boolean, observer: ReplyObserver): void {
  if (behaviour === "never") return;
  if (behaviour !== echo && "failure" in behaviour) observer.onFailure(behaviour.failure, behaviour.sent);
  else if (oneway) observer.onSent();
  else if (behaviour === echo) observer.onReply(MessageType.reply, call.bytes, 0, call.bytes.length);
  else if ("reply" in behaviour) {
    const bytes = Buffer.from(`..${behaviour.reply}`);
    observer.onReply(MessageType.reply, bytes, 2, bytes.length);
  } else {
    const bytes = applicationException(behaviour.applicationException, "10.0.0.9:9090 said no");
    observer.onReply(MessageType.exception, bytes, 0, bytes.length);
  }
}
