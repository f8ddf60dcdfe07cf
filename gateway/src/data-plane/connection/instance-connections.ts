import type { EncodedCall } from "@thriftgate/thrift";
import type { GatewayError } from "../../core/errors.ts";
import type { Instance } from "../../snapshot/snapshot.ts";

/** Gets exactly one of these, once, never synchronously from within `call`. */
export interface ReplyObserver {
  /** A reply or exception message whose name and seqid fit; the bytes are valid only during the call. `messageType` is MessageType.reply or .exception. */
  onReply(messageType: number, bytes: Uint8Array, bodyOffset: number, end: number): void;
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
  close(): Promise<void>;
}
