import type { IncomingHttpHeaders } from "node:http";
import { GatewayError } from "./errors.ts";

type ContentHeaders = Pick<IncomingHttpHeaders, "content-type" | "content-encoding">;

const JSON_TYPE = /^application\/(?:[a-z0-9!#$&^_.+-]+\+)?json$/;

/**
 * That a body is JSON, in UTF-8 (RFC 8259, section 8.1) and not compressed; one without a type is taken for that. A type that a
 * web page can send to another site without asking (text/plain, a form) is refused: no page may act for its reader.
 * @throws {GatewayError} UNSUPPORTED_MEDIA_TYPE
 */
export function assertJsonContent(headers: ContentHeaders): void {
  const contentType = headers["content-type"];
  if (contentType !== undefined && contentType !== "application/json") assertJsonType(contentType);
  assertNotCompressed(headers);
}

/** @throws {GatewayError} UNSUPPORTED_MEDIA_TYPE */
export function assertNotCompressed({ "content-encoding": encoding }: ContentHeaders): void {
  if (encoding !== undefined && encoding.trim().toLowerCase() !== "identity")
    throw unsupported("The body must not be compressed.");
}

/** Parameters other than `charset` mean nothing to us. */
function assertJsonType(contentType: string): void {
  const [type, ...parameters] = contentType.toLowerCase().split(";");
  if (!JSON_TYPE.test(type!.trim())) {
    throw unsupported("The body must be application/json; with curl: -H 'content-type: application/json' (or --json).");
  }
  for (const parameter of parameters) {
    const [name, value] = parameter.split("=", 2);
    if (name!.trim() !== "charset") continue;
    const charset = value?.trim().replaceAll('"', "");
    if (charset !== "utf-8" && charset !== "utf8") throw unsupported("JSON is in UTF-8, and no other charset.");
  }
}

function unsupported(detail: string): GatewayError {
  return new GatewayError("UNSUPPORTED_MEDIA_TYPE", detail);
}
