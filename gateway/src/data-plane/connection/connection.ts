import type { Socket } from "node:net";
import { createCallFormat, MessageType } from "@thriftgate/thrift";
import { Deadline } from "../../core/deadline.ts";
import type { GatewayError } from "../../core/errors.ts";
import type { Dialect, Instance } from "../../snapshot/snapshot.ts";
import type { Call, CallCarrier } from "./call.ts";
import { CallList } from "./call-list.ts";
import { CallWriter } from "./call-writer.ts";
import { badReply, connectFailed, connectionLost, handshakeFailed, timedOut } from "./connection-errors.ts";
import type { ConnectionContext, ConnectionEnd, ConnectionOwner } from "./connection-owner.ts";
import type { InstancePace } from "./instance-pace.ts";
import { openSocket } from "./instance-socket.ts";
import { type ReplyReceiver, ReplyStream } from "./reply-stream.ts";

/** A call behind one that has waited so long, or that is to wait so long, gets another connection, since most servers answer in order. */
const slowAfterMs = 20;
/** After a call timed out and no message came for so long, the stream is taken for stuck. */
const stuckAfterMs = 1_000;
/** Calls that were given up on and never answered; more are no coincidence. */
const maxAbandoned = 64;

/** With it a Kitex server says that it is about to close the connection. */
const readyToReset = "crrst";

/**
 * One socket that carries many calls at once.
 *
 *     connecting ──► open ──► draining ──► closed
 *
 * From each state it may close; a connecting one may drain. Draining: takes no new call, closes when nobody awaits one.
 */
type ConnectionState = "connecting" | "open" | "draining" | "closed";

export class Connection extends Deadline implements CallCarrier, ReplyReceiver {
  readonly #context: ConnectionContext;
  readonly #owner: ConnectionOwner;
  readonly #address: string;
  readonly #pace: InstancePace;
  readonly #replies: ReplyStream;
  readonly #calls = new CallList();
  readonly #socket: Socket;
  readonly #writer: CallWriter;
  #state: ConnectionState = "connecting";
  #openedAtMs: number | undefined;
  #isHandshaking: boolean = false;
  #abandoned = 0;
  #slowCalls = 0;
  #readAtMs = 0;
  #lastMessageAtMs = Number.NEGATIVE_INFINITY;
  #lastCallAtMs = 0;
  #reviewAtMs = Number.POSITIVE_INFINITY;

  constructor(instance: Instance, dialect: Dialect, pace: InstancePace, context: ConnectionContext, owner: ConnectionOwner) {
    super();
    this.#pace = pace;
    this.#context = context;
    this.#owner = owner;
    this.#address = `${instance.address}:${instance.port}`;
    this.#socket = this.#connect(instance);
    const format = createCallFormat(dialect, context.security.accessToken(instance.service));
    this.#writer = new CallWriter(this.#socket, this.#calls, context.batch, dialect, format, this.#onWritten);
    this.#replies = new ReplyStream(this.#address, dialect, this.#calls, context, this);
    this.#lastCallAtMs = context.clock.monotonicMs();
    context.deadlines.schedule(this, this.#lastCallAtMs + context.connectTimeoutMs);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get isOpened(): boolean {
    return this.#openedAtMs !== undefined;
  }

  get openedAtMs(): number | undefined {
    return this.#openedAtMs;
  }

  /** Was there any reply after `atMs`? */
  hasAnsweredSince(atMs: number): boolean {
    return this.#lastMessageAtMs > atMs;
  }

  get hasAnswered(): boolean {
    return this.#lastMessageAtMs !== Number.NEGATIVE_INFINITY;
  }

  /** Calls of slow methods, which others would wait behind. */
  get slowCalls(): number {
    return this.#slowCalls;
  }

  /** Calls that somebody awaits. */
  get inFlight(): number {
    return this.#calls.count - this.#abandoned;
  }

  /** How much is before a new call. */
  get depth(): number {
    return this.#calls.count;
  }

  /** Would a call that takes so long be answered soon here, as far as one can tell? */
  isInviting(nowMs: number, paceMs: number): boolean {
    const { count, oldest } = this.#calls;
    if (count >= this.#context.pipelineDepth || this.#state === "draining") return false;
    if (oldest === undefined || this.#pace.answersOutOfOrder) return true;
    if (count * paceMs >= slowAfterMs) return false;
    return this.#openedAtMs === undefined || nowMs - Math.max(oldest.startedAtMs, this.#openedAtMs) < slowAfterMs;
  }

  add(call: Call): void {
    call.carrier = this;
    this.#lastCallAtMs = call.startedAtMs;
    if (call.isSlow) this.#slowCalls += 1;
    this.#calls.append(call);
    if (this.#openedAtMs !== undefined) this.#writer.schedule();
  }

  /** Nobody awaits the call any more; it keeps its place in the stream if it was sent. */
  abandon(call: Call): void {
    call.observer = undefined;
    if (call.seqid === 0) {
      this.#forget(call);
    } else {
      this.#abandoned += 1;
      if (this.#abandoned > maxAbandoned) this.drain();
    }
    this.#closeIfDrained();
  }

  expire(call: Call): void {
    const { observer } = call;
    const sent = call.seqid !== 0;
    if (sent) this.#reviewBy(call.deadlineAtMs + stuckAfterMs);
    if (sent && call === this.#calls.oldest) this.#notePace(call, call.deadlineAtMs);
    if (observer === undefined) return;
    this.abandon(call);
    observer.onFailure(timedOut(this.#address), sent);
  }

  drain(): void {
    if (this.#state === "closed") return;
    this.#state = "draining";
    this.#closeIfDrained();
  }

  destroy(): void {
    this.#close("lost", "the gateway closes its connections");
  }

  /** The connect time-out, or a look at how the connection is doing. */
  override onDeadline(): void {
    if (this.#openedAtMs === undefined) this.#onSocketLost("the connect time-out passed");
    else this.#review();
  }

  #review(): void {
    const now = this.#context.clock.monotonicMs();
    this.#reviewAtMs = Number.POSITIVE_INFINITY;
    const overdue = this.#calls.oldestOverdue(now);
    if (overdue !== undefined) {
      const stuckAtMs = Math.max(overdue.deadlineAtMs, this.#lastMessageAtMs) + stuckAfterMs;
      if (now < stuckAtMs) this.#reviewBy(stuckAtMs);
      else if (this.#pace.answersOutOfOrder) this.drain();
      else this.#close("stuck", "no reply came after a time-out");
    } else if (this.#calls.count === 0) {
      const idleUntilMs = this.#lastCallAtMs + this.#owner.idleLimitMs();
      if (now < idleUntilMs) this.#reviewBy(idleUntilMs);
      else this.drain();
    } else {
      this.#reviewBy(now + this.#owner.idleLimitMs());
    }
  }

  #connect(instance: Instance): Socket {
    const onHandshake = () => {
      this.#isHandshaking = true;
    };
    const socket = openSocket(instance, this.#context, { onHandshake, onOpen: this.#onOpen });
    socket.on("data", this.#onData);
    socket.on("end", () => this.#onSocketLost("the instance closed the connection"));
    socket.on("error", (error) => this.#onSocketLost("the socket failed", error));
    socket.on("close", () => this.#owner.onSocketClosed(this));
    return socket;
  }

  #onSocketLost(reason: string, cause?: Error): void {
    if (this.isOpened) this.#close("lost", reason, cause);
    else this.#close("unopened", this.#isHandshaking ? `the TLS handshake failed, ${reason}` : reason, cause);
  }

  readonly #onOpen = (): void => {
    if (this.#state === "closed") return;
    this.#isHandshaking = false;
    const now = this.#context.clock.monotonicMs();
    this.#openedAtMs = now;
    if (this.#state === "connecting") this.#state = "open";
    this.#context.deadlines.cancel(this);
    this.#reviewBy(now + this.#owner.idleLimitMs());
    this.#owner.onOpen(this);
    this.#writer.flush();
  };

  #reviewBy(atMs: number): void {
    if (atMs >= this.#reviewAtMs) return;
    this.#reviewAtMs = atMs;
    this.#context.deadlines.schedule(this, atMs);
  }

  /** Oneway calls end here. */
  readonly #onWritten = (first: Call): void => {
    let next: Call | undefined;
    for (let call: Call | undefined = first; call !== undefined && call.seqid !== 0; call = next) {
      ({ next } = call);
      if (!call.oneway) continue;
      const { observer } = call;
      this.#forget(call);
      call.observer = undefined;
      observer?.onSent();
    }
    this.#closeIfDrained();
  };

  readonly #onData = (chunk: Uint8Array): void => {
    this.#readAtMs = this.#context.clock.monotonicMs();
    this.#replies.read(chunk);
  };

  onAnswer(
    call: Call,
    type: number,
    bytes: Uint8Array,
    bodyOffset: number,
    end: number,
    headers?: ReadonlyMap<string, string>,
  ): void {
    if (call !== this.#calls.oldest) this.#pace.answersOutOfOrder = true;
    this.#notePace(call, this.#readAtMs);
    this.#lastMessageAtMs = this.#readAtMs;
    const { observer } = call;
    if (observer === undefined) this.#abandoned -= 1;
    call.observer = undefined;
    this.#forget(call);
    // Of a call that nobody waits for, an exception may be Kitex's, which closes behind it.
    const staysInUse = observer ? observer.onReply(type, bytes, bodyOffset, end, headers) : type !== MessageType.exception;
    if (!staysInUse || headers?.get(readyToReset) === "1") this.drain();
    this.#closeIfDrained();
  }

  /** A second reply, or one to a oneway call, harms nobody: the others there still get theirs. Any other is beyond trust. */
  onUnexpected(seqid: number): void {
    if (this.#writer.hasIssued(seqid)) this.drain();
    else this.onFault(this.#calls.oldestAwaited(), badReply(this.#address, "the reply's seqid was never issued", undefined));
  }

  onUnsolicited(): void {
    this.#close("lost", "bytes came that no call asked for");
  }

  onFault(culprit: Call | undefined, error: GatewayError): void {
    this.#close("lost", "the instance broke the protocol", error, culprit);
  }

  /** Since it was sent, or since the reply before. */
  #notePace({ pace, startedAtMs }: Call, nowMs: number): void {
    this.#pace.note(pace, Math.max(0, nowMs - Math.max(startedAtMs, this.#openedAtMs!, this.#lastMessageAtMs)));
  }

  #forget(call: Call): void {
    if (call.isSlow) this.#slowCalls -= 1;
    this.#context.deadlines.cancel(call);
    this.#calls.remove(call);
  }

  #closeIfDrained(): void {
    if (this.#state === "draining" && this.inFlight === 0) this.#close("drained", "nobody awaits a call there");
  }

  #close(how: ConnectionEnd, reason: string, cause?: unknown, culprit?: Call): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#context.deadlines.cancel(this);
    this.#socket.destroy();
    this.#owner.onClosed(this, how);
    const toError = how !== "unopened" ? connectionLost : this.#isHandshaking ? handshakeFailed : connectFailed;
    for (let call = this.#calls.oldest; call !== undefined; call = this.#calls.oldest) {
      this.#calls.remove(call);
      call.carrier = undefined;
      if (call === culprit) this.#fail(call, cause as GatewayError);
      else if (call.observer === undefined || call.seqid !== 0 || !this.#owner.adopt(call, how)) {
        this.#fail(call, toError(this.#address, reason, cause));
      }
    }
  }

  #fail(call: Call, error: GatewayError): void {
    this.#context.deadlines.cancel(call);
    call.fail(error);
  }
}
