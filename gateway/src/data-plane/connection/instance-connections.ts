import { lookup as dnsLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import type { EncodedCall } from "@thriftgate/thrift";
import type { Clock } from "../../core/clock.ts";
import type { DeadlineWheel } from "../../core/deadline.ts";
import type { Dialect, Instance } from "../../snapshot/snapshot.ts";
import { Call, type PendingCall, type ReplyObserver } from "./call.ts";
import type { AddressCheck } from "./checked-lookup.ts";
import type { Connection } from "./connection.ts";
import { connectFailed } from "./connection-errors.ts";
import { InstancePool, type PoolContext } from "./instance-pool.ts";
import { createInstanceSecurity, type InstanceSecurity } from "./instance-security.ts";
import { SearchQueue } from "./search-queue.ts";
import { WriteBatch } from "./write-batch.ts";

export type { PendingCall, ReplyObserver } from "./call.ts";

/** What the admin API tells of an instance. */
interface Observed {
  readonly state: "idle" | "connected" | "failing";
  readonly inFlight: number;
  /** Where it was found out, since the instance did not declare it. */
  readonly dialect?: Dialect;
}

/** Connections to instances, keyed by instance ID: they outlive snapshot entries and are closed when an instance leaves. */
export interface InstanceConnections {
  /** Sends `call` on a connection of the instance, opening one if there is none. `deadlineAtMs` is monotonic. */
  call(
    instance: Instance,
    call: EncodedCall,
    methodName: string,
    oneway: boolean,
    deadlineAtMs: number,
    observer: ReplyObserver,
  ): PendingCall;
  /** An instance joined, or changed: whatever can be found out about it before its first call is. */
  introduce(instance: Instance): void;
  /** What was observed there, for the admin API. */
  observed(instanceId: string): Observed;
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
  /** Default: TLS with the authorities that Node knows, and no tokens. */
  readonly security?: InstanceSecurity;
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
    searches: new SearchQueue(),
    lookup: options.lookup ?? dnsLookup,
    checkAddress: options.checkAddress,
    security: options.security ?? createInstanceSecurity({}),
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
    introduce(instance) {
      if (closing === undefined && instance.dialectIsGuess === true) poolOf(instance).introduce();
    },
    observed(instanceId) {
      const pool = pools.get(instanceId);
      const dialect = pool?.foundDialect;
      return { state: pool?.state ?? "idle", inFlight: pool?.inFlight ?? 0, ...(dialect && { dialect }) };
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
