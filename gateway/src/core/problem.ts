import type { ErrorCode, Problem } from "./errors.ts";

/** What a code means, in words that never change (RFC 9457, section 3.1.3). docs/errors.md has the same. */
export const problemTitle: Readonly<Record<ErrorCode, string>> = {
  BAD_REQUEST: "Malformed request",
  INVALID_PATH: "Malformed path",
  INVALID_BODY: "Body of the wrong shape",
  INVALID_FIELD: "Field with a bad value",
  INVALID_JSON: "Malformed JSON",
  INVALID_UTF8: "Malformed UTF-8",
  INVALID_TYPE: "Value of the wrong type",
  INVALID_ENUM: "Unknown enum member",
  OUT_OF_RANGE: "Number out of range",
  MISSING_FIELD: "Required field missing",
  UNKNOWN_FIELD: "Unknown field",
  DUPLICATE_KEY: "Key given twice",
  DUPLICATE_SET_MEMBER: "Set member given twice",
  JSON_TOO_DEEP: "JSON nested too deep",
  LIMIT_EXCEEDED: "Too many",
  INVALID_ADDRESS: "Malformed address",
  ADDRESS_FORBIDDEN: "Address not allowed",
  INVALID_PORT: "Malformed port",
  PORT_FORBIDDEN: "Port not allowed",
  OWNER_MISMATCH: "Owner differs",
  UNAUTHENTICATED: "Key missing or wrong",
  FORBIDDEN: "Not yours",
  ADDRESS_NOT_REGISTERED: "Address not registered",
  NOT_FOUND: "Not found",
  SERVICE_NOT_FOUND: "No such service",
  ROUTE_NOT_FOUND: "No such path",
  UNKNOWN_OWNER: "No such owner",
  UNKNOWN_SERVER: "No such server",
  METHOD_NOT_ALLOWED: "HTTP method not allowed",
  REQUEST_TIMEOUT: "Request took too long to arrive",
  CONFLICT: "Conflict",
  RESERVED_NAME: "Reserved name",
  PRECONDITION_FAILED: "Changed in between",
  PAYLOAD_TOO_LARGE: "Body too large",
  IDL_TOO_LARGE: "IDL too large",
  UNSUPPORTED_MEDIA_TYPE: "Media type not supported",
  EXPECTATION_FAILED: "Expectation not supported",
  IDL_SYNTAX: "IDL does not parse",
  IDL_SEMANTIC: "IDL is inconsistent",
  IDL_LIMIT: "IDL over a bound",
  IDL_INCLUDE: "IDL include not found",
  IDL_NO_SERVICE: "IDL without a service",
  INVALID_ROUTE: "Path cannot be bound",
  INVALID_OPTION: "Unknown or bad option",
  INVALID_ANNOTATION: "Unusable annotation",
  EXCEPTION: "Declared exception",
  BIZ_STATUS: "Business error",
  RATE_LIMITED: "Too many requests",
  QUOTA_EXCEEDED: "Quota used up",
  HEADERS_TOO_LARGE: "Headers too large",
  CLIENT_CLOSED: "Caller went away",
  INTERNAL: "Fault in the gateway",
  UPSTREAM_EXCEPTION: "Fault in the service",
  UPSTREAM_BAD_REPLY: "Unusable reply",
  UPSTREAM_REPLY_TOO_LARGE: "Reply too large",
  UPSTREAM_CONNECTION_LOST: "Connection to the service lost",
  UPSTREAM_UNKNOWN_METHOD: "Method unknown to the service",
  UPSTREAM_TLS_FAILED: "No TLS connection to the service",
  NO_HEALTHY_INSTANCE: "No instance can take the call",
  OVERLOADED: "Overloaded",
  STORE_UNAVAILABLE: "Store unavailable",
  REGISTRY_UNAVAILABLE: "Registry unavailable",
  UPSTREAM_TIMEOUT: "Deadline passed",
};

/** When the error itself names no time: overload passes quickly, and clients add jitter of their own. */
const DEFAULT_RETRY_AFTER_SECONDS = "1";

const problemContentType = "application/problem+json";

/** A stable identifier, not a location: `/problems/invalid-json` for INVALID_JSON. */
export function problemType(code: ErrorCode): string {
  return `/problems/${code.toLowerCase().replaceAll("_", "-")}`;
}

/** The body: application/problem+json. */
export function problemText({ code, status, detail, members }: Problem, requestId: string): string {
  return JSON.stringify({ type: problemType(code), title: problemTitle[code], status, detail, code, requestId, ...members });
}

/** Its headers, as `writeHead` takes them: name, value, name, value … */
export function problemHead({ status, headers }: Problem, requestId: string, contentLength: number): string[] {
  const head = ["content-type", problemContentType, "content-length", String(contentLength), "x-request-id", requestId];
  for (const name of Object.keys(headers)) head.push(name, headers[name]!);
  const mayRetry = status === 503 || status === 429;
  if (mayRetry && !("retry-after" in headers)) head.push("retry-after", DEFAULT_RETRY_AFTER_SECONDS);
  return head;
}
