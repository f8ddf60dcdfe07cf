/** Why an instance's bytes are no reply. `TOO_LARGE`: well-formed so far, over a bound. `MISSING_RESULT`: neither value nor exception where one is due. */
export type ReplyFaultCode = "MALFORMED" | "TOO_LARGE" | "MISSING_RESULT";

/** The instance's fault. The message is for the log and names no value of the reply. */
export class ReplyFault extends Error {
  override readonly name = "ReplyFault";
  readonly code: ReplyFaultCode;

  constructor(code: ReplyFaultCode, message: string) {
    super(message);
    this.code = code;
  }
}
