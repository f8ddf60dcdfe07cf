import type { Socket } from "node:net";
import { createCallFormat, createMessageReader, MessageType, type OnMessage, readMessageHeader } from "@thriftgate/thrift";
import type { Clock } from "../../core/clock.ts";
import { Deadline, type DeadlineWheel } from "../../core/deadline.ts";
import type { Dialect, Instance } from "../../snapshot/snapshot.ts";
import { openSocket, type SocketContext } from "./instance-socket.ts";
import { patchedHead, tailAfterHead } from "./write-batch.ts";

/** `unanswered`: not in this dialect, or not in time. */
export type ProbeOutcome = "answered" | "unanswered" | "unreachable";

export interface ProbeContext extends SocketContext {
  readonly clock: Clock;
  readonly deadlines: DeadlineWheel;
  readonly connectTimeoutMs: number;
}

/** Nobody has such a method: nothing is run. */
const probeName = Buffer.from("__thriftgate_dialect_probe");
const probeSeqid = 1;
const seqidOffset = 8 + probeName.length;
const probeCall = createProbeCall();
/** The answer is an exception with a line of text. */
const readerLimits = { maxMessageBytes: 65_536, maxDepth: 8 };

function createProbeCall(): Uint8Array {
  const call = Buffer.alloc(seqidOffset + 5);
  call.writeUInt32BE((0x8001_0000 | MessageType.call) >>> 0, 0);
  call.writeInt32BE(probeName.length, 4);
  call.set(probeName, 8);
  return call;
}

/** Asks an instance, on a connection of its own, whether it speaks a dialect. `onOutcome` is called once, never from within the constructor. */
export class DialectProbe extends Deadline {
  readonly #context: ProbeContext;
  readonly #patienceMs: number;
  readonly #onOutcome: (outcome: ProbeOutcome) => void;
  readonly #socket: Socket;
  #state: "connecting" | "asking" | "ended" = "connecting";

  constructor(
    instance: Instance,
    dialect: Dialect,
    patienceMs: number,
    context: ProbeContext,
    onOutcome: (outcome: ProbeOutcome) => void,
  ) {
    super();
    this.#context = context;
    this.#patienceMs = patienceMs;
    this.#onOutcome = onOutcome;
    const reader = createMessageReader(dialect, this.#onMessage, readerLimits);
    const onOpen = () => this.#ask(bytesOf(dialect));
    const socket = openSocket(instance, context, { onHandshake() {}, onOpen });
    this.#socket = socket;
    socket.on("data", (chunk) => {
      try {
        reader.push(chunk);
      } catch {
        this.#end("unanswered");
      }
    });
    socket.on("end", () => this.#end("unanswered"));
    socket.on("error", () => this.#end(this.#state === "connecting" ? "unreachable" : "unanswered"));
    this.#endAfter(context.connectTimeoutMs);
  }

  /** Its outcome is nobody's matter any more. */
  stop(): void {
    this.#state = "ended";
    this.#context.deadlines.cancel(this);
    this.#socket.destroy();
  }

  override onDeadline(): void {
    this.#end(this.#state === "connecting" ? "unreachable" : "unanswered");
  }

  #ask(bytes: Uint8Array): void {
    if (this.#state !== "connecting") return;
    this.#state = "asking";
    this.#endAfter(this.#patienceMs);
    this.#socket.write(bytes);
  }

  readonly #onMessage: OnMessage = (bytes, offset, end) => {
    const { type, seqid } = readMessageHeader(bytes, offset, end);
    const answers = seqid === probeSeqid && (type === MessageType.exception || type === MessageType.reply);
    this.#end(answers ? "answered" : "unanswered");
  };

  #endAfter(ms: number): void {
    this.#context.deadlines.schedule(this, this.#context.clock.monotonicMs() + ms);
  }

  #end(outcome: ProbeOutcome): void {
    if (this.#state === "ended") return;
    this.stop();
    this.#onOutcome(outcome);
  }
}

function bytesOf(dialect: Dialect): Uint8Array {
  const format = createCallFormat(dialect);
  if (format !== undefined) return format(probeCall, probeSeqid);
  const head = patchedHead(probeCall, seqidOffset, probeSeqid, dialect.transport === "framed");
  return Buffer.concat([head, tailAfterHead(probeCall, seqidOffset)]);
}
