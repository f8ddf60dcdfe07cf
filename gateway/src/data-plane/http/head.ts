import type { HttpCodec } from "@thriftgate/thrift";
import { GatewayError } from "../../core/errors.ts";
import { assertJsonContent, assertNotCompressed } from "../../core/json-content.ts";
import { isMultipart } from "../../core/multipart.ts";
import { bodyTooLarge } from "./body.ts";
import type { Caller, CallHeaders } from "./caller.ts";

/** What the fields of a method ask for in a body. */
type BodySources = Pick<HttpCodec, "sources">;

const callMethods = { allow: "GET, POST" };

/**
 * Checks the head of a call and tells whether a body follows.
 * @throws {GatewayError}
 */
export function readCallHead(caller: Caller, maxBodyBytes: number, http?: BodySources): boolean {
  const { method, headers } = caller;
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
  if (http === undefined) assertJsonContent(headers);
  else assertContent(headers, http);
  return hasBody;
}

/**
 * The same for a call of a route that the IDL asked for: any method, and whatever the method's fields ask for in the body.
 * @throws {GatewayError}
 */
export function readRestHead(caller: Caller, maxBodyBytes: number, http?: BodySources): boolean {
  const { method, headers } = caller;
  const length = headers["content-length"];
  const hasBody = headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
  if ((method === "GET" || method === "HEAD") && hasBody) {
    throw new GatewayError("BAD_REQUEST", `A ${method} takes its arguments from the query, and no body.`);
  }
  if (length !== undefined && Number(length) > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
  if (hasBody) assertContent(headers, http);
  return hasBody;
}

const formType = /^application\/x-www-form-urlencoded[ \t]*(?:;[ \t]*charset="?utf-?8"?[ \t]*)?$/i;

export function isForm(contentType: string | undefined): contentType is string {
  return contentType !== undefined && (formType.test(contentType) || isMultipart(contentType));
}

/** Any page can send a form to any address: only methods whose fields ask for one take it. */
function assertContent(headers: CallHeaders, http: BodySources | undefined): void {
  if (http?.sources.has("raw_body") || (http?.sources.has("form") && isForm(headers["content-type"])))
    assertNotCompressed(headers);
  else assertJsonContent(headers);
}

/** What a caller may still be sending when it is refused, and is cheaper to read than a new connection. */
export const worthReadingBytes = 64 * 1024;

/** Whether more of this request may follow than is worth reading, once it is known that nobody wants it. */
export function muchMayFollow({ complete, headers }: Caller): boolean {
  if (complete) return false;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > worthReadingBytes;
}
