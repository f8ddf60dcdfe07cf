import type { IncomingMessage } from "node:http";
import { GatewayError } from "../../core/errors.ts";
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
  const contentType = headers["content-type"];
  if (contentType !== undefined && contentType !== "application/json") assertJsonType(contentType);
  assertNotEncoded(headers["content-encoding"]);
  return hasBody;
}

function assertNotEncoded(contentEncoding: string | undefined): void {
  if (contentEncoding === undefined || contentEncoding.trim().toLowerCase() === "identity") return;
  throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "Content-Encoding must be identity, or absent.");
}

const jsonType = /^application\/(?:[a-z0-9!#$&^_.+-]+\+)?json$/;

/** JSON, in UTF-8 (RFC 8259, section 8.1); parameters other than `charset` mean nothing to us. */
function assertJsonType(contentType: string): void {
  const [type, ...parameters] = contentType.toLowerCase().split(";");
  if (!jsonType.test(type!.trim())) {
    throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "The body must be application/json.");
  }
  for (const parameter of parameters) {
    const [name, value] = parameter.split("=", 2);
    if (name!.trim() !== "charset") continue;
    const charset = value?.trim().replaceAll('"', "");
    if (charset !== "utf-8") throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "JSON is in UTF-8, and no other charset.");
  }
}

/** What a caller may still be sending when it is refused, and is cheaper to read than a new connection. */
const worthReadingBytes = 64 * 1024;

/** Whether more of this request may follow than is worth reading, once it is known that nobody wants it. */
export function muchMayFollow(req: IncomingMessage): boolean {
  if (req.complete) return false;
  const { headers } = req;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > worthReadingBytes;
}
