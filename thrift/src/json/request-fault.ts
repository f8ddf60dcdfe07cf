/** Why a caller's JSON or arguments do not fit the IDL. */
export type RequestFaultCode =
  | "INVALID_JSON"
  | "INVALID_UTF8"
  | "JSON_TOO_DEEP"
  | "DUPLICATE_KEY"
  | "INVALID_TYPE"
  | "OUT_OF_RANGE"
  | "INVALID_ENUM"
  | "MISSING_FIELD"
  | "UNKNOWN_FIELD"
  | "DUPLICATE_SET_MEMBER"
  | "LIMIT_EXCEEDED";

/** The caller's fault, with its place. */
export class RequestFault extends Error {
  override readonly name = "RequestFault";
  readonly code: RequestFaultCode;
  /** JSON pointer (RFC 6901) to the value in the body, or to the argument of a query; "" is the whole. */
  readonly pointer: string;

  constructor(code: RequestFaultCode, pointer: string, message: string) {
    super(message);
    this.code = code;
    this.pointer = pointer;
  }
}
