import type { Socket } from "node:net";
import type { GatewayError } from "../../../core/errors.ts";
import { requestIdFrom } from "../../../core/request-id.ts";
import { answerDeadlineMs, answerProblem, latin1, oneWriteBytes } from "../answer.ts";
import { BodyReader, type BodySink } from "../body.ts";
import type { Caller } from "../caller.ts";
import { malformed, type OnRefused, rawProblem, tooSlow } from "../client-fault.ts";
import { closeAfterAnswer, endWith } from "../closing.ts";
import { worthReadingBytes } from "../head.ts";
import { FrontCaller } from "./front-caller.ts";
import { type HeadBounds, parseHead } from "./parse-head.ts";
import type { ResponseHead } from "./response-head.ts";

/** What all connections of a front share. */
export interface FrontContext {
  readonly bounds: HeadBounds;
  /** 0: no bound. */
  readonly maxRequestsPerSocket: number;
  readonly responseHead: ResponseHead;
  /** Whether a request for this target is a call. */
  readonly takes: (target: string) => boolean;
  readonly onCall: (caller: Caller) => void;
  readonly onRefused: OnRefused | undefined;
  /** Gives the socket to `node:http` for good. `bytes`: what came and was not used. `requests`: so many were answered on it. */
  readonly handOver: (socket: Socket, bytes: Buffer, requests: number) => void;
  readonly onGone: (connection: FrontConnection) => void;
  /** Of the last look at all connections: to ask for the time at each request would cost more than it is worth. */
  nowMs: number;
  /** The listener closes: each connection's next answer is its last. */
  closing: boolean;
}

export interface FrontTimeouts {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** 0: none. */
  readonly keepAliveTimeoutMs: number;
}

/**
 * | state | |
 * | --- | --- |
 * | idle | no request is under way |
 * | receiving | a call has begun, and its body is not all there |
 * | answering | all of it is there, its answer is due |
 * | sending | it is answered, and the socket has not taken all of the answer yet; the body may still be arriving |
 * | dropping | its answer is out, and what remains of its body is read and dropped |
 * | left | `node:http` has the socket, or it is closing or gone |
 */
type State = "idle" | "receiving" | "answering" | "sending" | "dropping" | "left";

/** What came before its turn; beyond it nothing more is read. Until then it is noticed when the caller goes away. */
const maxHeldBytes = 16 * 1024;

/**
 * A connection whose requests come one at a time, each head in one piece, its body of a known and modest length. The first that is
 * anything else goes to `node:http` with the connection, once what came before it is answered.
 */
export class FrontConnection {
  readonly #context: FrontContext;
  readonly #socket: Socket;
  #state: State = "idle";
  /** When the state began that a time-out looks at, or a little before. */
  #sinceMs: number;
  #sendingUntilMs = Number.POSITIVE_INFINITY;
  #requests = 0;
  #caller: FrontCaller | undefined;
  #bodyRest = 0;
  /** The body, as far as it came with the head. */
  #firstPiece: Buffer | undefined;
  #reader: BodyReader | undefined;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(context: FrontContext, socket: Socket) {
    this.#context = context;
    this.#socket = socket;
    this.#sinceMs = context.nowMs;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
    socket.on("error", onError);
  }

  get gone(): boolean {
    return this.#socket.destroyed;
  }

  get bodyArrived(): boolean {
    return this.#bodyRest === 0;
  }

  // A request arrives

  readonly #onData = (chunk: Buffer): void => {
    if (this.#state === "idle") this.#begin(chunk);
    else if (this.#bodyRest === 0) this.#hold(chunk);
    else if (chunk.length <= this.#bodyRest) this.#takeBody(chunk);
    else {
      const end = this.#bodyRest;
      // Held first: an answer may follow from the body's end.
      this.#hold(chunk.subarray(end));
      this.#takeBody(chunk.subarray(0, end));
    }
  };

  #begin(chunk: Buffer): void {
    const { bounds, takes, onCall, maxRequestsPerSocket } = this.#context;
    const head = parseHead(chunk, bounds);
    const isOurs =
      head !== undefined &&
      head.bodyLength <= worthReadingBytes &&
      chunk.length <= head.length + head.bodyLength &&
      this.#requests + 1 !== maxRequestsPerSocket &&
      takes(head.target);
    if (!isOurs) {
      this.#handOver(chunk);
      return;
    }
    this.#requests += 1;
    this.#sinceMs = this.#context.nowMs;
    this.#bodyRest = head.length + head.bodyLength - chunk.length;
    this.#state = this.#bodyRest === 0 ? "answering" : "receiving";
    this.#firstPiece = chunk.length === head.length ? undefined : chunk.subarray(head.length);
    this.#caller = new FrontCaller(head, this);
    onCall(this.#caller);
  }

  readBody(maxBytes: number, sink: BodySink): void {
    const piece = this.#firstPiece;
    this.#firstPiece = undefined;
    if (this.#bodyRest === 0) {
      sink.onBody(piece!);
      return;
    }
    this.#reader = new BodyReader(maxBytes, sink);
    if (piece !== undefined) this.#reader.add(piece);
  }

  #takeBody(piece: Buffer): void {
    this.#bodyRest -= piece.length;
    const reader = this.#reader;
    reader?.add(piece);
    if (this.#bodyRest > 0) return;
    if (this.#state === "receiving") {
      this.#state = "answering";
      reader?.end();
    } else if (this.#state === "dropping") this.#proceed();
  }

  #hold(chunk: Buffer): void {
    if (this.#state === "left") return;
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > maxHeldBytes) this.#socket.pause();
  }

  // Its answer goes out

  answer(status: number, fields: string[], body: Uint8Array | undefined, close: boolean): void {
    if (this.#state === "left") return;
    this.#reader = undefined;
    this.#firstPiece = undefined;
    const { responseHead, closing } = this.#context;
    const head = responseHead.text(status, fields, !close && !closing);
    const socket = this.#socket;
    if (body === undefined) socket.write(head, "latin1");
    else if (body.length <= oneWriteBytes) socket.write(head + latin1(body), "latin1");
    else {
      socket.cork();
      socket.write(head, "latin1");
      socket.write(Buffer.from(body));
      socket.uncork();
    }
    if (close) {
      this.#end();
      this.#callerClosed();
    } else if (socket.writableLength === 0) this.#sent();
    else this.#awaitSending(body?.length ?? 0);
  }

  #awaitSending(bodyLength: number): void {
    this.#state = "sending";
    this.#sendingUntilMs = performance.now() + answerDeadlineMs(bodyLength);
    // It says nothing, and so is done when all before it is.
    this.#socket.write("", () => {
      if (this.#state === "sending") this.#sent();
    });
  }

  #sent(): void {
    const caller = this.#caller;
    this.#caller = undefined;
    this.#sendingUntilMs = Number.POSITIVE_INFINITY;
    if (this.#context.closing) this.#end();
    else if (this.#bodyRest > 0) this.#state = "dropping";
    else this.#proceed();
    caller!.closed();
  }

  #proceed(): void {
    this.#state = "idle";
    this.#sinceMs = this.#context.nowMs;
    if (this.#heldBytes > 0) this.#handOver(this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held));
  }

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    this.#state = "left";
    this.#held = [];
    this.#context.onGone(this);
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("close", this.#onClose);
    socket.off("error", onError);
    this.#context.handOver(socket, bytes, this.#requests);
  }

  // The connection ends

  /** What a time-out is over for ends. The front asks once in `intervalMs`; by so much a state may have begun later than noted. */
  expire(nowMs: number, { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs }: FrontTimeouts, intervalMs: number): void {
    const forMs = nowMs - intervalMs - this.#sinceMs;
    if (nowMs >= this.#sendingUntilMs) this.cutOff();
    else if (this.#state === "receiving" || this.#state === "dropping") {
      if (forMs >= requestTimeoutMs) this.#refuse(tooSlow());
    } else if (this.#state === "idle") {
      // A connection opened ahead of need, as browsers do, or kept: closing it says enough.
      const timeoutMs = this.#requests === 0 ? Math.min(headersTimeoutMs, requestTimeoutMs) : keepAliveTimeoutMs;
      if (timeoutMs > 0 && forMs >= timeoutMs) this.cutOff();
    }
  }

  /** The listener closes: what waits for a request goes at once, the others when they are answered. */
  drain(): void {
    if (this.#state === "idle") this.cutOff();
    else if (this.#state === "dropping") this.#end();
  }

  cutOff(): void {
    this.#socket.destroy();
  }

  readonly #onEnd = (): void => {
    if (this.#state === "left") return;
    if (this.#bodyRest > 0) this.#refuse(malformed());
    else {
      // As node:http does it: who hangs up does not wait for an answer.
      this.#state = "left";
      this.#socket.end();
    }
  };

  readonly #onClose = (): void => {
    this.#state = "left";
    this.#context.onGone(this);
    this.#callerClosed();
  };

  /** Of a request whose body is not what its head said. */
  #refuse(fault: GatewayError): void {
    this.#context.onRefused?.(fault.code);
    const requestId = requestIdFrom(undefined);
    if (this.#state === "receiving") answerProblem(this.#caller!, fault, requestId, { close: true });
    else {
      this.#state = "left";
      endWith(this.#socket, rawProblem(fault, requestId));
    }
  }

  #end(): void {
    this.#state = "left";
    closeAfterAnswer(this.#socket);
    this.#socket.destroySoon();
    // What still comes is dropped.
    this.#socket.resume();
  }

  #callerClosed(): void {
    const caller = this.#caller;
    this.#caller = undefined;
    caller?.closed();
  }
}

function onError(): void {
  // "close" follows.
}
