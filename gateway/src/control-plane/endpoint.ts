import { RequestFault } from "@thriftgate/thrift";
import type { Request, RequestHandler, Response } from "express";
import { GatewayError, toGatewayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { peerOf } from "../core/peer.ts";
import { problemHead, problemText } from "../core/problem.ts";
import { requestIdFrom } from "../core/request-id.ts";
import type { Caller } from "./context.ts";

export interface Answer {
  /** An object is sent as JSON, text as it is. */
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

const JSON_TYPE = "application/json; charset=utf-8";

/** Where Express ends: a request in, what to answer out, every failure a GatewayError. */
export type Endpoint = (request: Request, caller: Caller) => Promise<Answer> | Answer;

export interface EndpointOptions {
  /** Further members of its problems. */
  readonly failure?: (error: GatewayError) => object;
}

export function expressHandler(endpoint: Endpoint, logger: Logger, { failure }: EndpointOptions = {}): RequestHandler {
  return async (request, response) => {
    const caller = { peer: peerOf(request), requestId: requestIdOf(request, response) };
    try {
      const { body, headers = {} } = await endpoint(request, caller);
      const head = { "content-type": JSON_TYPE, "x-request-id": caller.requestId, ...headers };
      send(response, 200, typeof body === "string" ? body : JSON.stringify(body), Object.entries(head).flat());
    } catch (thrown) {
      const error = translated(thrown);
      if (error.status >= 500)
        logger.error({ requestId: caller.requestId, code: error.code, err: error.cause ?? error }, "request failed");
      const { code, status, message: detail, headers } = error;
      const problem = { code, status, detail, headers, members: { ...error.members, ...failure?.(error) } };
      const text = problemText(problem, caller.requestId);
      send(response, status, text, problemHead(problem, caller.requestId, Buffer.byteLength(text)));
    }
  };
}

function send(response: Response, status: number, body: string, head: string[]): void {
  // The caller may be gone.
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, head);
  response.end(body);
}

function translated(thrown: unknown): GatewayError {
  if (!(thrown instanceof RequestFault)) return toGatewayError(thrown);
  const { code, message, pointer } = thrown;
  return new GatewayError(code, message, { members: { pointer }, cause: thrown });
}

/** An app around may have given the request its ID already. */
function requestIdOf(request: Request, response: Response): string {
  const given = response.getHeader("x-request-id") ?? request.headers["x-request-id"];
  return requestIdFrom(typeof given === "string" ? given : undefined);
}
