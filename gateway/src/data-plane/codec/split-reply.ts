import { type HttpReply, ReplyFault } from "@thriftgate/thrift";
import { replyError } from "./decode-reply.ts";

/**
 * A result's JSON → the parts of an answer.
 * @throws {GatewayError} a value that its place can't hold
 */
export function splitReply(split: (json: Uint8Array) => HttpReply, json: Uint8Array): HttpReply {
  try {
    return split(json);
  } catch (error) {
    throw error instanceof ReplyFault ? replyError(error) : error;
  }
}
