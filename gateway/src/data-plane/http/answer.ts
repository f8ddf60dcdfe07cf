import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpReply } from "@thriftgate/thrift";
import type { Problem } from "../../core/errors.ts";
import { problemHead, problemText } from "../../core/problem.ts";
import { closeAfterAnswer } from "./closing.ts";
import { muchMayFollow } from "./head.ts";

/** Up to here an answer goes out as one string in one write with its head; beyond, copying it into a string costs more. */
export const oneWriteBytes = 16 * 1024;

/** Slower callers than this, after `answerGraceMs`, are cut off: 1 Mbit/s. */
const minReadBytesPerMs = 128;
const answerGraceMs = 10_000;

/** A result. `json` is UTF-8 and used up on return. */
export function answerJson(res: ServerResponse, status: number, json: Uint8Array, requestId: string): void {
  const { length } = json;
  res.writeHead(status, ["content-type", "application/json", "content-length", String(length), "x-request-id", requestId]);
  endBody(res, json);
}

/** A result of which a part goes elsewhere than into a JSON body. */
export function answerParts(
  res: ServerResponse,
  { status = 200, headers, body, contentType = "application/json" }: HttpReply,
  requestId: string,
): void {
  const head = headers.flat();
  const hasBody = status !== 204 && status !== 304;
  if (hasBody) {
    if (!headers.some(([name]) => name.toLowerCase() === "content-type")) head.push("content-type", contentType);
    head.push("content-length", String(body.length));
  }
  head.push("x-request-id", requestId);
  res.writeHead(status, head);
  if (hasBody) endBody(res, body);
  else res.end();
}

/** Says which methods a path has. */
export function answerOptions(res: ServerResponse, allow: string, requestId: string): void {
  res.writeHead(204, ["allow", allow, "x-request-id", requestId]);
  res.end();
}

/** An error. `exception`: the value of a declared one, as JSON. */
export function answerProblem(
  req: IncomingMessage,
  res: ServerResponse,
  problem: Problem,
  requestId: string,
  options: { exception?: Uint8Array; close?: boolean } = {},
): void {
  const text = problemText(problem, requestId);
  const body = options.exception === undefined ? Buffer.from(text) : withValue(text, options.exception);
  const head = problemHead(problem, requestId, body.length);
  if (options.close === true || muchMayFollow(req)) {
    head.push("connection", "close");
    closeAfterAnswer(req.socket);
  }
  res.writeHead(problem.status, head);
  endBody(res, body);
}

/** Ends a response whose head is written. `body` is used up on return. */
function endBody(res: ServerResponse, body: Uint8Array): void {
  if (body.length <= oneWriteBytes) endInOneWrite(res, latin1(body));
  else endSlowly(res, Buffer.from(body));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** The value is JSON already, and may hold integers that JavaScript's numbers can't. */
function withValue(problemJson: string, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${problemJson.slice(0, -1)},"value":`), value, Buffer.from("}")]);
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
  const timer = setTimeout(() => res.destroy(), answerGraceMs + body.length / minReadBytesPerMs).unref();
  res.once("close", () => clearTimeout(timer));
  res.end(body);
}
