import type { EncodedCall, MetadataSource } from "@thriftgate/thrift";
import { Deadline } from "../../core/deadline.ts";
import type { GatewayError } from "../../core/errors.ts";
import type { MethodPace } from "./instance-pace.ts";

/** Gets exactly one of these, once, never synchronously from within `call`; it must not throw. */
export interface ReplyObserver extends MetadataSource {
  /**
   * A reply or exception message whose name and seqid fit; the bytes are valid only during the call. `messageType` is MessageType.reply
   * or .exception; `headers` came beside it in a header transport. `false`: the connection is to take no
   * more calls.
   */
  onReply(
    messageType: number,
    bytes: Uint8Array,
    bodyOffset: number,
    end: number,
    headers?: ReadonlyMap<string, string>,
  ): boolean;
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

/** What a call asks of the connection that carries it. */
export interface CallCarrier {
  abandon(call: Call): void;
  expire(call: Call): void;
}

const unknownPace: MethodPace = Object.freeze({ ms: 0 });

/** One call on one connection; all that there is to it is this object, so that a call allocates nothing else. */
export class Call extends Deadline implements PendingCall {
  readonly methodName: string;
  readonly oneway: boolean;
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
  /** Dropped once it is sent: what waits for an answer holds no bytes. */
  encoded: EncodedCall | undefined;
  /** `undefined`: given up on; a late reply is dropped. */
  observer: ReplyObserver | undefined;
  carrier: CallCarrier | undefined = undefined;
  /** 0: not handed to the socket yet. */
  seqid = 0;
  pace: MethodPace = unknownPace;
  /** By that pace, when it was placed. */
  isSlow: boolean = false;
  /** Moved to another connection, unsent; that happens once. */
  moved: boolean = false;
  /** Neighbours in {@link CallList}. */
  previous: Call | undefined = undefined;
  next: Call | undefined = undefined;

  constructor(
    encoded: EncodedCall,
    methodName: string,
    oneway: boolean,
    startedAtMs: number,
    deadlineAtMs: number,
    observer: ReplyObserver,
  ) {
    super();
    this.encoded = encoded;
    this.methodName = methodName;
    this.oneway = oneway;
    this.startedAtMs = startedAtMs;
    this.deadlineAtMs = deadlineAtMs;
    this.observer = observer;
  }

  cancel(): void {
    if (this.observer !== undefined) this.carrier?.abandon(this);
  }

  override onDeadline(): void {
    this.carrier?.expire(this);
  }

  fail(error: GatewayError): void {
    const { observer } = this;
    this.observer = undefined;
    observer?.onFailure(error, this.seqid !== 0);
  }
}
