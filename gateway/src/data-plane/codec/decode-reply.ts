import {
  type ApplicationException,
  type DecodedReply,
  MessageType,
  type MethodCodec,
  ReplyFault,
  readApplicationException,
} from "@thriftgate/thrift";
import { type ErrorCode, GatewayError } from "../../core/errors.ts";

/**
 * The body of a reply or exception message → JSON.
 * @throws {GatewayError} the instance's nonsense, or its TApplicationException: the instance's own words stay in the cause
 */
export function decodeReply(
  codec: MethodCodec,
  messageType: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
): DecodedReply {
  try {
    if (messageType === MessageType.reply) return codec.decodeResult(bytes, offset, end);
    throw applicationError(bytes, offset, end);
  } catch (error) {
    throw error instanceof ReplyFault ? replyError(error) : error;
  }
}

/** Behind this answer Kitex closes the connection. */
const kitexUnknownMethod = 20;

/** The instance's words, for the log. */
class ApplicationFault extends Error {
  readonly type: number;

  constructor({ type, message }: ApplicationException) {
    super(`TApplicationException ${type}: ${message}`);
    this.type = type;
  }
}

/** Whether the connection of such a reply is to get no more calls: it sends garbage, or is about to close. */
export function endsConnection({ cause }: GatewayError): boolean {
  if (cause instanceof ApplicationFault) return cause.type === kitexUnknownMethod;
  return cause instanceof ReplyFault && cause.code !== "MISSING_RESULT";
}

export function replyError(fault: ReplyFault): GatewayError {
  return fault.code === "TOO_LARGE"
    ? new GatewayError("UPSTREAM_REPLY_TOO_LARGE", "The service's reply is over a bound.", { cause: fault })
    : new GatewayError("UPSTREAM_BAD_REPLY", "The service's reply does not fit its IDL.", { cause: fault });
}

/** TApplicationException's types; docs/mapping.md has the rule. 11, 12, 20 and 21 are those that Kitex adds. */
function applicationError(bytes: Uint8Array, offset: number, end: number): GatewayError {
  const cause = new ApplicationFault(readApplicationException(bytes, offset, end));
  const [code, detail] = applicationProblem(cause.type);
  return new GatewayError(code, detail, { cause });
}

function applicationProblem(type: number): [ErrorCode, string] {
  switch (type) {
    case 1:
    case 20:
      return [
        "UPSTREAM_UNKNOWN_METHOD",
        "The service's instances do not know this method: their IDL differs from the registered one.",
      ];
    case 2:
    case 3:
    case 4:
    case 5:
    case 7:
    case 8:
    case 9:
    case 10:
    case 21:
      return ["UPSTREAM_BAD_REPLY", "The service could not read the call, or could not answer it: a fault of protocol."];
    case 11:
      return ["OVERLOADED", "The service sheds load."];
    case 12:
      return ["UPSTREAM_TIMEOUT", "The service gave the call up for lack of time."];
    default:
      return ["UPSTREAM_EXCEPTION", "The service failed in a way that its IDL does not declare."];
  }
}
