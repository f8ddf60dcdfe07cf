import type { EncodedCall } from "@thriftgate/thrift";
import { type Clock, systemClock } from "../../../../../gateway/src/core/clock.ts";
import { DeadlineWheel } from "../../../../../gateway/src/core/deadline.ts";
import type { GatewayError } from "../../../../../gateway/src/core/errors.ts";
import {
  createInstanceConnections,
  type InstanceConnections,
  type InstanceConnectionsOptions,
  type PendingCall,
} from "../../../../../gateway/src/data-plane/connection/instance-connections.ts";
import type { Dialect, Instance } from "../../../../../gateway/src/snapshot/snapshot.ts";
import { testInstance } from "../../../../support/instance.ts";
import { messageBytes, messageType, stringStruct } from "../../../../support/thrift-bytes.ts";

export type Transport = Dialect["transport"];

export function instanceAt(port: number, difference: Partial<Instance> = {}): Instance {
  return testInstance({ id: `at-${port}`, port, ...difference });
}

export function speaking(transport: Transport, port: number): Instance {
  return instanceAt(port, { dialect: { transport, protocol: "binary" } });
}

function encode(name: string, text: string | Uint8Array, type: number = messageType.call): EncodedCall {
  return {
    bytes: messageBytes({ type, name, seqid: 0, body: stringStruct(1, text) }),
    seqidOffset: 8 + Buffer.byteLength(name),
  };
}

/** How a call ended. */
export type Ending =
  | { readonly kind: "reply"; readonly type: number; readonly body: Buffer; readonly atMs: number }
  | { readonly kind: "sent"; readonly atMs: number }
  | { readonly kind: "failure"; readonly error: GatewayError; readonly sent: boolean; readonly atMs: number };

interface Sent {
  readonly ending: Promise<Ending>;
  readonly pending: PendingCall;
}

/** Real time, so many times as fast: for waits that are long by themselves. */
export function createFastClock(times: number): Clock {
  return {
    monotonicMs: () => systemClock.monotonicMs() * times,
    now: systemClock.now,
    after: (delayMs, callback) => systemClock.after(delayMs / times, callback),
  };
}

export interface SkippingClock extends Clock {
  skip(ms: number): void;
}

/** Real time with jumps: waiting by the clock without waiting. Timers don't jump. */
export function createSkippingClock(): SkippingClock {
  let skippedMs = 0;
  return {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + skippedMs,
    skip(ms) {
      skippedMs += ms;
    },
  };
}

interface SendOptions {
  readonly text?: string | Uint8Array;
  readonly name?: string;
  readonly oneway?: boolean;
  readonly deadlineMs?: number;
  /** What the observer says of the reply's body. */
  readonly garbled?: boolean;
  /** Called at once with the ending, from within the observer. */
  readonly onEnding?: (ending: Ending) => void;
}

export interface Bench {
  readonly deadlines: DeadlineWheel;
  readonly connections: InstanceConnections;
  /** Answers that came a second time, or from within `call`: to be empty at the end of each test. */
  readonly faults: string[];
  send(instance: Instance, options?: SendOptions): Sent;
  /** Sends and waits for the ending. */
  ask(instance: Instance, options?: SendOptions): Promise<Ending>;
}

export function createBench(
  limits: Partial<InstanceConnectionsOptions["limits"]> = {},
  options: Partial<Omit<InstanceConnectionsOptions, "limits">> = {},
): Bench {
  const { clock = systemClock } = options;
  const deadlines = new DeadlineWheel(clock);
  const connections = createInstanceConnections({
    clock,
    deadlines,
    checkAddress: () => undefined,
    limits: {
      connectTimeoutMs: 500,
      pipelineDepth: 16,
      maxConnectionsPerInstance: 4,
      maxFrameBytes: 16_384_000,
      maxDepth: 64,
      ...limits,
    },
    ...options,
  });
  const faults: string[] = [];
  const send: Bench["send"] = (
    instance,
    { text = "hello", name = "echo", oneway = false, deadlineMs = 5_000, garbled = false, onEnding } = {},
  ) => {
    let pending: PendingCall | undefined;
    let ended = false;
    const ending = new Promise<Ending>((resolve) => {
      const end = (how: Ending) => {
        if (ended) faults.push(`${name} ended twice`);
        if (pending === undefined) faults.push(`${name} ended within call`);
        ended = true;
        onEnding?.(how);
        resolve(how);
      };
      const atMs = () => clock.monotonicMs();
      pending = connections.call(
        instance,
        encode(name, text, oneway ? messageType.oneway : messageType.call),
        name,
        oneway,
        clock.monotonicMs() + deadlineMs,
        {
          onReply(type, bytes, bodyOffset, end_) {
            end({ kind: "reply", type, body: Buffer.from(bytes.subarray(bodyOffset, end_)), atMs: atMs() });
            return !garbled;
          },
          onSent: () => end({ kind: "sent", atMs: atMs() }),
          onFailure: (error, sent) => end({ kind: "failure", error, sent, atMs: atMs() }),
        },
      );
    });
    return { ending, pending: pending! };
  };
  return { deadlines, connections, faults, send, ask: (instance, options_) => send(instance, options_).ending };
}

/** An ending in a form that is easy to compare. */
export function summary(ending: Ending): string {
  if (ending.kind === "failure") return `${ending.error.code}${ending.sent ? "" : ", not sent"}`;
  return ending.kind === "sent" ? "sent" : `reply ${textOf(ending)}`;
}

/** The one string field of an echoed struct. */
export function textOf(ending: Ending): string {
  if (ending.kind !== "reply") throw new Error(`no reply but ${summary(ending)}`);
  return ending.body.toString("utf8", 7, ending.body.length - 1);
}
