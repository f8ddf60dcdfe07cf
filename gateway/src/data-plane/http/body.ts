import type { IncomingMessage } from "node:http";
import { GatewayError } from "../../core/errors.ts";

/** Gets exactly one of the first two, unless the caller goes away. */
export interface BodySink {
  /** The whole body. */
  onBody(body: Uint8Array): void;
  onBodyFault(error: GatewayError): void;
  /** Asked before that much more memory is allocated for a body that comes in pieces. */
  reserve(bytes: number): boolean;
}

const reader = Symbol("reader");

interface RequestBeingRead extends IncomingMessage {
  [reader]?: BodyReader;
}

/** Reads a body of at most `maxBytes`, a body of one piece without copying it. */
export function readBody(req: IncomingMessage, maxBytes: number, sink: BodySink): void {
  if (req.readableEnded) throw new Error("the body was read before: calls come before any body parser");
  (req as RequestBeingRead)[reader] = new BodyReader(maxBytes, sink);
  req.on("data", onData);
  req.on("end", onEnd);
}

function onData(this: RequestBeingRead, chunk: Buffer): void {
  this[reader]!.add(chunk);
}

function onEnd(this: RequestBeingRead): void {
  this[reader]!.end();
}

const nothing = new Uint8Array(0);

/** Pieces are copied into one growing buffer: kept apart, a body sent byte by byte would cost a hundred times its size. */
export class BodyReader {
  readonly #maxBytes: number;
  readonly #sink: BodySink;
  #bytes: Uint8Array = nothing;
  #length = 0;
  #state: "reading" | "refused" = "reading";

  constructor(maxBytes: number, sink: BodySink) {
    this.#maxBytes = maxBytes;
    this.#sink = sink;
  }

  add(chunk: Uint8Array): void {
    if (this.#state === "refused") return;
    const length = this.#length + chunk.length;
    if (length > this.#maxBytes) this.#refuse(bodyTooLarge(this.#maxBytes));
    else if (this.#length === 0) this.#hold(chunk);
    else if (this.#hasRoomFor(length)) this.#append(chunk);
    else this.#refuse(new GatewayError("OVERLOADED", "Too many large bodies at once."));
  }

  #hold(chunk: Uint8Array): void {
    this.#bytes = chunk;
    this.#length = chunk.length;
  }

  #append(chunk: Uint8Array): void {
    this.#bytes.set(chunk, this.#length);
    this.#length += chunk.length;
  }

  end(): void {
    if (this.#state === "refused") return;
    this.#sink.onBody(this.#bytes.length === this.#length ? this.#bytes : this.#bytes.subarray(0, this.#length));
  }

  /** Doubles: what was only declared is never allocated. */
  #hasRoomFor(length: number): boolean {
    if (length <= this.#bytes.length) return true;
    const capacity = Math.min(Math.max(length, 2 * this.#bytes.length), this.#maxBytes);
    if (!this.#sink.reserve(capacity)) return false;
    const grown = new Uint8Array(capacity);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    return true;
  }

  #refuse(error: GatewayError): void {
    this.#state = "refused";
    this.#bytes = nothing;
    this.#sink.onBodyFault(error);
  }
}

export function bodyTooLarge(maxBytes: number): GatewayError {
  return new GatewayError("PAYLOAD_TOO_LARGE", `The body is larger than ${maxBytes} bytes.`);
}
