/**
 * Every error that a caller can see. `docs/errors.md` explains each; a test keeps the two equal.
 * The status of EXCEPTION may be set by the IDL (`api.http_code`).
 */
export const errorStatus = {
  BAD_REQUEST: 400,
  INVALID_PATH: 400,
  INVALID_BODY: 400,
  INVALID_FIELD: 400,
  INVALID_JSON: 400,
  INVALID_UTF8: 400,
  INVALID_TYPE: 400,
  INVALID_ENUM: 400,
  OUT_OF_RANGE: 400,
  MISSING_FIELD: 400,
  UNKNOWN_FIELD: 400,
  DUPLICATE_KEY: 400,
  DUPLICATE_SET_MEMBER: 400,
  JSON_TOO_DEEP: 400,
  LIMIT_EXCEEDED: 400,
  INVALID_ADDRESS: 400,
  ADDRESS_FORBIDDEN: 400,
  INVALID_PORT: 400,
  PORT_FORBIDDEN: 400,
  OWNER_MISMATCH: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  ADDRESS_NOT_REGISTERED: 403,
  NOT_FOUND: 404,
  SERVICE_NOT_FOUND: 404,
  ROUTE_NOT_FOUND: 404,
  UNKNOWN_OWNER: 404,
  UNKNOWN_SERVER: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  CONFLICT: 409,
  RESERVED_NAME: 409,
  PRECONDITION_FAILED: 412,
  PAYLOAD_TOO_LARGE: 413,
  IDL_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  EXPECTATION_FAILED: 417,
  IDL_SYNTAX: 422,
  IDL_SEMANTIC: 422,
  IDL_LIMIT: 422,
  IDL_INCLUDE: 422,
  IDL_NO_SERVICE: 422,
  INVALID_ROUTE: 422,
  INVALID_OPTION: 422,
  INVALID_ANNOTATION: 422,
  EXCEPTION: 422,
  BIZ_STATUS: 422,
  RATE_LIMITED: 429,
  QUOTA_EXCEEDED: 429,
  HEADERS_TOO_LARGE: 431,
  CLIENT_CLOSED: 499,
  INTERNAL: 500,
  UPSTREAM_EXCEPTION: 500,
  UPSTREAM_BAD_REPLY: 502,
  UPSTREAM_REPLY_TOO_LARGE: 502,
  UPSTREAM_CONNECTION_LOST: 502,
  UPSTREAM_UNKNOWN_METHOD: 502,
  UPSTREAM_TLS_FAILED: 502,
  NO_HEALTHY_INSTANCE: 503,
  OVERLOADED: 503,
  STORE_UNAVAILABLE: 503,
  REGISTRY_UNAVAILABLE: 503,
  UPSTREAM_TIMEOUT: 504,
} as const;

export type ErrorCode = keyof typeof errorStatus;

/** The members of problem+json (RFC 9457) beside `type`, `title`, `status`, `detail`, `code` and `requestId`. */
export interface ProblemMembers {
  /** JSON pointer into the body, or to the query argument. */
  pointer?: string;
  service?: string;
  method?: string;
  line?: number;
  column?: number;
  /** The nearest known names. */
  suggestions?: readonly string[];
  /** Further faults of the same request, e.g. of an IDL. */
  faults?: readonly unknown[];
  /** The type of a declared exception; its `value` follows as JSON of its own. */
  exception?: string;
  /** A business error of Kitex: its number, message and extra. */
  bizStatus?: number;
  bizMessage?: string;
  bizExtra?: Readonly<Record<string, string>>;
}

/** Extra response headers of an error: `allow`, `retry-after`, `www-authenticate`. */
export type ErrorHeaders = Readonly<Record<string, string>>;

/** What a caller is told when there is no other answer. `detail` holds no key, body or instance address. */
export interface Problem {
  readonly code: ErrorCode;
  readonly status: number;
  readonly detail: string;
  readonly members: ProblemMembers;
  readonly headers: ErrorHeaders;
}

/** The one error of the gateway; `cause` is for the log alone. */
export class GatewayError extends Error implements Problem {
  override readonly name = "GatewayError";
  readonly code: ErrorCode;
  readonly members: ProblemMembers;
  readonly headers: ErrorHeaders;

  constructor(
    code: ErrorCode,
    detail: string,
    options: { members?: ProblemMembers; headers?: ErrorHeaders; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.members = options.members ?? {};
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return errorStatus[this.code];
  }

  get detail(): string {
    return this.message;
  }
}

/** Whatever was thrown as a problem; what nobody foresaw is our own fault, and its cause is for the log. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError("INTERNAL", "The gateway failed to handle the request.", { cause: thrown });
}
