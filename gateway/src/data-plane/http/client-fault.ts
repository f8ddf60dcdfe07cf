import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { type ErrorCode, GatewayError } from "../../core/errors.ts";
import { problemHead, problemText } from "../../core/problem.ts";
import { requestIdFrom } from "../../core/request-id.ts";
import { answerProblem } from "./answer.ts";
import { endWith, isClosing, markClosing } from "./closing.ts";
import { NodeCaller } from "./node-caller.ts";

/** The last request of a connection, answered or not. */
export interface LastExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** What node:http's parser and timers report through `clientError`; `undefined`: the connection is gone, and nobody to tell. */
export function clientFault(error: NodeJS.ErrnoException, socket: Socket): GatewayError | undefined {
  const nothingSent = socket.bytesRead === 0;
  if (!socket.writable || error.code === "ECONNRESET" || error.code === "EPIPE") return undefined;
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return new GatewayError("HEADERS_TOO_LARGE", "The request line and headers are too large.");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return new GatewayError("PAYLOAD_TOO_LARGE", "The chunk extensions are too large.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      // A connection opened ahead of need, as browsers do: closing it says enough.
      return nothingSent ? undefined : tooSlow();
    default:
      return malformed();
  }
}

export function tooSlow(): GatewayError {
  return new GatewayError("REQUEST_TIMEOUT", "The request did not arrive in time.");
}

export function malformed(): GatewayError {
  return new GatewayError("BAD_REQUEST", "This is not well-formed HTTP/1.1.");
}

/** Answers a fault of the connection, after the answers that are due on it, and closes. */
export function answerClientFault(fault: GatewayError, socket: Socket, last: LastExchange | undefined): void {
  if (isClosing(socket)) return;
  markClosing(socket);
  const requestId = requestIdFrom(undefined);
  if (last === undefined || last.res.closed) endWith(socket, rawProblem(fault, requestId));
  else if (last.req.complete || last.res.headersSent) last.res.once("close", () => endWith(socket, rawProblem(fault, requestId)));
  // The fault is in this request's own body: its answer is ours to give, and whoever waited for the body sees it closed.
  else answerProblem(new NodeCaller(last.req, last.res), fault, requestId, { close: true });
}

/** A whole response as text, for connections that have no ServerResponse. */
export function rawProblem(problem: GatewayError, requestId: string): string {
  const body = problemText(problem, requestId);
  const head = problemHead(problem, requestId, Buffer.byteLength(body));
  let text = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n`;
  for (let index = 0; index < head.length; index += 2) text += `${head[index]}: ${head[index + 1]}\r\n`;
  return `${text}date: ${new Date().toUTCString()}\r\nconnection: close\r\n\r\n${body}`;
}

export type OnRefused = (code: ErrorCode) => void;
