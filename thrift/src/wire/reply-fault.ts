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

export function truncated(): ReplyFault {
  return new ReplyFault("MALFORMED", "the message ends inside a value");
}

export function badSize(): ReplyFault {
  return new ReplyFault("MALFORMED", "a size is negative or larger than what is left of the message");
}

export function badType(): ReplyFault {
  return new ReplyFault("MALFORMED", "a type code is unknown or not the one expected");
}

export function tooDeep(): ReplyFault {
  return new ReplyFault("TOO_LARGE", "the message is nested too deep");
}
