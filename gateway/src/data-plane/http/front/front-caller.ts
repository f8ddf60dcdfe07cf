import type { BodySink } from "../body.ts";
import type { Caller, CallerWatcher, CallHeaders } from "../caller.ts";
import type { FrontConnection } from "./front-connection.ts";
import type { Head } from "./parse-head.ts";

/** A caller whose request our own front read. */
export class FrontCaller implements Caller {
  readonly #head: Head;
  readonly #connection: FrontConnection;
  #watcher: CallerWatcher | undefined;
  answered: boolean = false;

  constructor(head: Head, connection: FrontConnection) {
    this.#head = head;
    this.#connection = connection;
  }

  get method(): string {
    return this.#head.method;
  }

  get target(): string {
    return this.#head.target;
  }

  get headers(): CallHeaders {
    return this.#head.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#head.rawHeaders;
  }

  get complete(): boolean {
    return this.#connection.bodyArrived;
  }

  get gone(): boolean {
    return this.#connection.gone;
  }

  watch(watcher: CallerWatcher): void {
    this.#watcher = watcher;
  }

  readBody(maxBytes: number, sink: BodySink): void {
    this.#connection.readBody(maxBytes, sink);
  }

  answer(status: number, head: string[], body: Uint8Array | undefined, close = false): void {
    if (this.answered) throw new Error("the call was answered before");
    this.answered = true;
    this.#connection.answer(status, head, body, close);
  }

  cutOff(): void {
    this.#connection.cutOff();
  }

  /** The answer is over, or the connection is. */
  closed(): void {
    this.#watcher?.onAnswerClosed();
  }
}
