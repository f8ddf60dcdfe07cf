import type { IncomingMessage } from "node:http";
import { GatewayError } from "../../core/errors.ts";
import { assertJsonContent } from "../../core/json-content.ts";
import { bodyTooLarge } from "./body.ts";

const callMethods = { allow: "GET, POST" };

/**
 * Checks the head of a call and tells whether a body follows.
 * @throws {GatewayError}
 */
export function readCallHead(req: IncomingMessage, maxBodyBytes: number): boolean {
  const { method, headers } = req;
  if (method !== "POST" && method !== "GET") {
    throw new GatewayError("METHOD_NOT_ALLOWED", "A call is a GET or a POST.", { headers: callMethods });
  }
  const chunked = headers["transfer-encoding"] !== undefined;
  const length = headers["content-length"];
  const hasBody = chunked || (length !== undefined && length !== "0");
  if (method === "GET") {
    if (hasBody) throw new GatewayError("BAD_REQUEST", "A GET takes its arguments from the query, and no body.");
    return false;
  }
  if (length !== undefined && Number(length) > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
  assertJsonContent(headers);
  return hasBody;
}

/** What a caller may still be sending when it is refused, and is cheaper to read than a new connection. */
const worthReadingBytes = 64 * 1024;

/** Whether more of this request may follow than is worth reading, once it is known that nobody wants it. */
export function muchMayFollow(req: IncomingMessage): boolean {
  if (req.complete) return false;
  const { headers } = req;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > worthReadingBytes;
}
