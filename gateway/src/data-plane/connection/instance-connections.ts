import { lookup as dnsLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import type { EncodedCall, MetadataSource } from "@thriftgate/thrift";
import type { Clock } from "../../core/clock.ts";
import type { DeadlineWheel } from "../../core/deadline.ts";
import type { GatewayError } from "../../core/errors.ts";
import type { Instance } from "../../snapshot/snapshot.ts";
import { Call } from "./call.ts";
import type { AddressCheck } from "./checked-lookup.ts";
import type { Connection } from "./connection.ts";
import { connectFailed } from "./connection-errors.ts";
import { InstancePool, type PoolContext } from "./instance-pool.ts";
import { WriteBatch } from "./write-batch.ts";

/** Gets exactly one of these, once, never synchronously from within `call`; it must not throw. */
export interface ReplyObserver extends MetadataSource {
  /**
   * A reply or exception message whose name and seqid fit; the bytes are valid only during the call. `messageType` is MessageType.reply
   * or .exception; `headers` came beside it in a header transport.
   */
  onReply(messageType: number, bytes: Uint8Array, bodyOffset: number, end: number, headers?: ReadonlyMap<string, string>): void;
  /** A oneway call was handed to the socket. */
  onSent(): void;
  /** `sent`: bytes of the call may have reached the instance, so that it may have run. */
  onFailure(error: GatewayError, sent: boolean): void;
}

/** A call under way. */
export interface PendingCall {
  /** The caller is gone: forget the observer; a late reply is dropped by its seqid. */
  cancel(): void;
}

/** Connections to instances, keyed by instance ID: they outlive snapshot entries and are closed when an instance leaves. */
export interface InstanceConnections {
  /**
   * Sends `call` on a connection of the instance, opening one if there is none. `deadlineAtMs` is monotonic.
   * `connectMs` is bounded by configuration.
   */
  call(
    instance: Instance,
    call: EncodedCall,
    methodName: string,
    oneway: boolean,
    deadlineAtMs: number,
    observer: ReplyObserver,
  ): PendingCall;
  /** Calls under way there. */
  inFlight(instanceId: string): number;
  /** What was observed there, for balancing and for the admin API. */
  observed(instanceId: string): { readonly state: "idle" | "connected" | "failing"; readonly inFlight: number };
  /** Finishes what is under way there, then closes. */
  retire(instanceId: string): void;
  /** Fails what is under way; resolves when the last socket is closed. */
  close(): Promise<void>;
}

export interface InstanceConnectionsOptions {
  readonly clock: Clock;
  readonly deadlines: DeadlineWheel;
  /** Of the gateway's limits. */
  readonly limits: {
    readonly connectTimeoutMs: number;
    readonly pipelineDepth: number;
    readonly maxConnectionsPerInstance: number;
    readonly maxFrameBytes: number;
    readonly maxDepth: number;
  };
  /** Asked for every address at every connect, literal or looked up. */
  readonly checkAddress: AddressCheck;
  /** Default: the system's resolver. */
  readonly lookup?: LookupFunction;
}

export function createInstanceConnections(options: InstanceConnectionsOptions): InstanceConnections {
  const { clock, deadlines, limits } = options;
  const pools = new Map<string, InstancePool>();
  const connections = new Set<Connection>();
  let onAllClosed: (() => void) | undefined;
  let closing: Promise<void> | undefined;

  const context: PoolContext = {
    clock,
    deadlines,
    batch: new WriteBatch(),
    lookup: options.lookup ?? dnsLookup,
    checkAddress: options.checkAddress,
    connectTimeoutMs: limits.connectTimeoutMs,
    pipelineDepth: limits.pipelineDepth,
    maxFrameBytes: limits.maxFrameBytes,
    maxDepth: limits.maxDepth,
    maxConnectionsPerInstance: limits.maxConnectionsPerInstance,
    onSocketOpened: (connection) => connections.add(connection),
    onSocketClosed(connection) {
      connections.delete(connection);
      if (connections.size === 0) onAllClosed?.();
    },
    onPoolEmpty: (pool) => pools.delete(pool.instanceId),
  };

  function poolOf(instance: Instance): InstancePool {
    let pool = pools.get(instance.id);
    if (pool === undefined) {
      pool = new InstancePool(instance, context);
      pools.set(instance.id, pool);
    } else if (pool.instance !== instance) {
      pool.update(instance);
    }
    return pool;
  }

  return {
    call(instance, encoded, methodName, oneway, deadlineAtMs, observer) {
      const call = new Call(encoded, methodName, oneway, clock.monotonicMs(), deadlineAtMs, observer);
      if (closing === undefined) {
        deadlines.schedule(call, deadlineAtMs);
        poolOf(instance).place(call);
      } else {
        const error = connectFailed(instance.address, "the gateway closes its connections", undefined);
        setImmediate(() => call.fail(error));
      }
      return call;
    },
    inFlight: (instanceId) => pools.get(instanceId)?.inFlight ?? 0,
    observed(instanceId) {
      const pool = pools.get(instanceId);
      return { state: pool?.state ?? "idle", inFlight: pool?.inFlight ?? 0 };
    },
    retire(instanceId) {
      pools.get(instanceId)?.retire();
    },
    close() {
      closing ??= new Promise((resolve) => {
        onAllClosed = resolve;
        if (connections.size === 0) resolve();
      });
      for (const pool of pools.values()) pool.retire();
      for (const connection of connections) connection.destroy();
      return closing;
    },
  };
}
