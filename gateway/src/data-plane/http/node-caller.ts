import type { IncomingMessage, ServerResponse } from "node:http";
import { answerDeadlineMs, latin1, oneWriteBytes } from "./answer.ts";
import { type BodySink, readBody } from "./body.ts";
import type { Caller, CallerWatcher, CallHeaders } from "./caller.ts";
import { closeAfterAnswer } from "./closing.ts";
import { watchResponse } from "./watch-response.ts";

/** A caller whose request `node:http` read: our own listener's, or a middleware's in somebody's Express app. */
export class NodeCaller implements Caller {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.#req = req;
    this.#res = res;
  }

  get method(): string {
    return this.#req.method!;
  }

  get target(): string {
    return this.#req.url!;
  }

  get headers(): CallHeaders {
    return this.#req.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#req.rawHeaders;
  }

  get complete(): boolean {
    return this.#req.complete;
  }

  get answered(): boolean {
    return this.#res.headersSent;
  }

  get gone(): boolean {
    return this.#res.destroyed;
  }

  watch(watcher: CallerWatcher): void {
    watchResponse(this.#res, watcher);
  }

  readBody(maxBytes: number, sink: BodySink): void {
    readBody(this.#req, maxBytes, sink);
  }

  answer(status: number, head: string[], body: Uint8Array | undefined, close = false): void {
    const res = this.#res;
    // Where calls are a middleware of somebody's Express app.
    if (res.hasHeader("x-powered-by")) res.removeHeader("x-powered-by");
    if (close) {
      head.push("connection", "close");
      closeAfterAnswer(this.#req.socket);
    }
    res.writeHead(status, head);
    if (body === undefined) res.end();
    else if (body.length <= oneWriteBytes) endInOneWrite(res, latin1(body));
    else endSlowly(res, Buffer.from(body));
  }

  cutOff(): void {
    this.#res.destroy();
  }
}

/** What `writeHead` has made, and whether it is out: node:http's own names for it. */
interface StartedResponse extends ServerResponse {
  _header?: string | null;
  _headerSent?: boolean;
}

/**
 * `res.end(body)` corks the socket and adds an empty chunk, so that head and body go out by `writev`; as one string they cost a
 * tenth of the whole call less (bench/README.md, call-path). Where anything is unusual, node:http does it its own way.
 */
function endInOneWrite(res: StartedResponse, body: string): void {
  const { socket, _header: head } = res;
  const usual = socket?.writable && socket.writableLength === 0 && socket.writableCorked === 0 && res.req.method !== "HEAD";
  if (!usual || typeof head !== "string" || res._headerSent !== false) {
    res.end(body, "latin1");
    return;
  }
  socket.write(head + body, "latin1");
  res._headerSent = true;
  res.end();
}

/** Memory is held until the caller has read all of it. */
function endSlowly(res: ServerResponse, body: Buffer): void {
  const timer = setTimeout(() => res.destroy(), answerDeadlineMs(body.length)).unref();
  res.once("close", () => clearTimeout(timer));
  res.end(body);
}
