import type { IncomingMessage, ServerResponse } from "node:http";
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
  if (length <= oneWriteBytes) res.end(latin1(json), "latin1");
  else endSlowly(res, Buffer.from(json));
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
  if (body.length <= oneWriteBytes) res.end(latin1(body), "latin1");
  else endSlowly(res, body);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** The value is JSON already, and may hold integers that JavaScript's numbers can't. */
function withValue(problemJson: string, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${problemJson.slice(0, -1)},"value":`), value, Buffer.from("}")]);
}

/** Memory is held until the caller has read all of it. */
function endSlowly(res: ServerResponse, body: Buffer): void {
  const timer = setTimeout(() => res.destroy(), answerGraceMs + body.length / minReadBytesPerMs).unref();
  res.once("close", () => clearTimeout(timer));
  res.end(body);
}
