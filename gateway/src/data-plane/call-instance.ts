import type { MethodCodec } from "@thriftgate/thrift";
import type { Clock } from "../core/clock.ts";
import { GatewayError } from "../core/errors.ts";
import type { Instance } from "../snapshot/snapshot.ts";
import { assertNoBizStatus } from "./codec/biz-status.ts";
import { decodeReply, endsConnection } from "./codec/decode-reply.ts";
import { encodeBody } from "./codec/encode-call.ts";
import type { InstanceConnections } from "./connection/instance-connections.ts";

/** Calls one instance, as callers' calls are made; for the gateway's own errands, which may cost a promise. */
export type CallInstance = (instance: Instance, codec: MethodCodec, request: object, timeoutMs: number) => Promise<string>;

export function createCallInstance(
  connections: Pick<InstanceConnections, "call">,
  clock: Pick<Clock, "monotonicMs">,
): CallInstance {
  return (instance, codec, request, timeoutMs) =>
    new Promise((resolve, reject) => {
      const encoded = encodeBody(codec, Buffer.from(JSON.stringify(request)));
      const { name, oneway } = codec.method;
      connections.call(instance, encoded, name, oneway, clock.monotonicMs() + timeoutMs, {
        onReply(messageType, bytes, bodyOffset, end, headers) {
          try {
            if (headers !== undefined) assertNoBizStatus(headers);
            const { kind, json } = decodeReply(codec, messageType, bytes, bodyOffset, end);
            const text = Buffer.from(json).toString();
            if (kind === "value") resolve(text);
            else reject(new Error(`exception ${text}`));
            return true;
          } catch (error) {
            reject(error);
            return !(error instanceof GatewayError && endsConnection(error));
          }
        },
        onSent: () => resolve("null"),
        onFailure: reject,
      });
    });
}
