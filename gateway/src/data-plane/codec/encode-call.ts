import { type EncodedCall, type MethodCodec, RequestFault } from "@thriftgate/thrift";
import { GatewayError } from "../../core/errors.ts";
import { parseQuery } from "./parse-query.ts";

/**
 * A JSON body → the call.
 * @throws {GatewayError} with a JSON pointer to the spot
 */
export function encodeBody(codec: MethodCodec, body: Uint8Array): EncodedCall {
  try {
    return codec.encodeJson(body);
  } catch (error) {
    throw asGatewayError(error);
  }
}

/**
 * A query string → the call.
 * @throws {GatewayError} its pointer names the argument
 */
export function encodeQuery(codec: MethodCodec, query: string, maxArguments: number): EncodedCall {
  const pairs = parseQuery(query, maxArguments);
  try {
    return codec.encodeText(pairs);
  } catch (error) {
    throw asGatewayError(error);
  }
}

export function asGatewayError(error: unknown): unknown {
  if (!(error instanceof RequestFault)) return error;
  return new GatewayError(error.code, error.message, { members: { pointer: error.pointer } });
}
