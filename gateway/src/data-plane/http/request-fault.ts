import type { IncomingMessage } from "node:http";
import { GatewayError } from "../../core/errors.ts";

const everyMethod = { allow: "GET, POST, PUT" };

/** What is wrong with a request whatever it asks for, and what node:http lets pass. */
export function requestFault(req: IncomingMessage, maxHeaders: number): GatewayError | undefined {
  const { rawHeaders, httpVersion } = req;
  // node:http's parser takes a line without a version for HTTP/0.9, and lets HTTP/2.0 pass.
  if (httpVersion !== "1.1" && httpVersion !== "1.0") {
    return new GatewayError("BAD_REQUEST", "The request is in no version of HTTP that is spoken here: 1.1 and 1.0.");
  }
  if (rawHeaders.length > 2 * maxHeaders) {
    return new GatewayError("HEADERS_TOO_LARGE", `The request has more than ${maxHeaders} headers.`);
  }
  let hosts = 0;
  let contentTypes = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    // The lengths of "host" and "content-type" are shared by few others: most names are never compared.
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
    else if (name.length === 12 && name.toLowerCase() === "content-type") contentTypes += 1;
  }
  if (hosts > 1) return new GatewayError("BAD_REQUEST", "The request has two Host headers.");
  if (hosts === 0 && httpVersion === "1.1") return new GatewayError("BAD_REQUEST", "The request has no Host header.");
  const transferEncoding = req.headers["transfer-encoding"];
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== "chunked") {
    return new GatewayError("BAD_REQUEST", "The only Transfer-Encoding that is understood is chunked.");
  }
  if (contentTypes > 1) return new GatewayError("BAD_REQUEST", "The request has two Content-Type headers.");
  return undefined;
}

const absoluteForm = /^https?:\/\/[^/?#]*/i;

/**
 * Brings the target to origin form: of an absolute one, as proxies send it, only path and query count (RFC 9112, section
 * 3.2.2).
 */
export function targetFault(req: IncomingMessage): GatewayError | undefined {
  const url = req.url!;
  if (url.charCodeAt(0) === 0x2f) return undefined;
  if (url === "*") {
    return new GatewayError("METHOD_NOT_ALLOWED", "There is nothing to ask of the gateway as a whole.", { headers: everyMethod });
  }
  const origin = absoluteForm.exec(url)?.[0];
  if (origin === undefined) return new GatewayError("INVALID_PATH", "The request's target must begin with a slash.");
  const rest = url.slice(origin.length);
  req.url = rest.charCodeAt(0) === 0x2f ? rest : `/${rest}`;
  return undefined;
}
