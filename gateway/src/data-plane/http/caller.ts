import type { IncomingHttpHeaders } from "node:http";
import type { BodySink } from "./body.ts";

/** The headers that decide how a call is taken, named and joined as `node:http` does it. */
export interface CallHeaders
  extends Pick<IncomingHttpHeaders, "content-type" | "content-encoding" | "content-length" | "transfer-encoding"> {
  readonly "x-request-id"?: string | string[] | undefined;
}

/** One request, and the way back to who sent it. Whichever front read it, the rest of the data plane sees no more than this. */
export interface Caller {
  readonly method: string;
  /** In origin form. */
  readonly target: string;
  readonly headers: CallHeaders;
  /** All of them, names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  /** All of the request has arrived. */
  readonly complete: boolean;
  /** An answer has begun: there can be no other. */
  readonly answered: boolean;
  /** Nobody is there to be answered. */
  readonly gone: boolean;
  /** Asked once, before all else that follows. */
  watch(watcher: CallerWatcher): void;
  /** Asked once at most, in the same turn of the event loop as the caller came in, and only where a body was announced. */
  readBody(maxBytes: number, sink: BodySink): void;
  /**
   * Answers, once. `head`: names and values in turn, `content-length` among them where there is a `body`, which is used up on return.
   * `close`: no further request of the connection is taken.
   */
  answer(status: number, head: string[], body: Uint8Array | undefined, close?: boolean): void;
  /** Ends the connection: nothing else can say that an answer which has begun is not whole. */
  cutOff(): void;
}

/** Who waits for an answer to be over. */
export interface CallerWatcher {
  /** It is sent to its end, perhaps while it was being given, or its connection is gone. Called at least once. */
  onAnswerClosed(): void;
}
