import type { HttpReply } from "@thriftgate/thrift";
import type { Problem } from "../../core/errors.ts";
import { problemHead, problemText } from "../../core/problem.ts";
import type { Caller } from "./caller.ts";
import { muchMayFollow } from "./head.ts";

/** Up to here an answer goes out as one string in one write with its head; beyond, copying it into a string costs more. */
export const oneWriteBytes = 16 * 1024;

/** Slower callers than this, after `answerGraceMs`, are cut off: 1 Mbit/s. */
const minReadBytesPerMs = 128;
const answerGraceMs = 10_000;

/** How long a caller may take to read that much. */
export function answerDeadlineMs(bytes: number): number {
  return answerGraceMs + bytes / minReadBytesPerMs;
}

/** A result. `json` is UTF-8 and used up on return. */
export function answerJson(caller: Caller, status: number, json: Uint8Array, requestId: string): void {
  const { length } = json;
  const head = ["content-type", "application/json", "content-length", String(length), "x-request-id", requestId];
  caller.answer(status, head, json);
}

/** A result of which a part goes elsewhere than into a JSON body. */
export function answerParts(
  caller: Caller,
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
  caller.answer(status, head, hasBody ? body : undefined);
}

/** Says which methods a path has. */
export function answerOptions(caller: Caller, allow: string, requestId: string): void {
  caller.answer(204, ["allow", allow, "x-request-id", requestId], undefined);
}

/** An error. `exception`: the value of a declared one, as JSON. */
export function answerProblem(
  caller: Caller,
  problem: Problem,
  requestId: string,
  options: { exception?: Uint8Array; close?: boolean } = {},
): void {
  const text = problemText(problem, requestId);
  const body = options.exception === undefined ? Buffer.from(text) : withValue(text, options.exception);
  const close = options.close === true || muchMayFollow(caller);
  caller.answer(problem.status, problemHead(problem, requestId, body.length), body, close);
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** The value is JSON already, and may hold integers that JavaScript's numbers can't. */
function withValue(problemJson: string, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${problemJson.slice(0, -1)},"value":`), value, Buffer.from("}")]);
}
