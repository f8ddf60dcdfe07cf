import { compileIdl, createServiceCodec, MessageType } from "@thriftgate/thrift";
import { expect, it } from "vitest";
import { GatewayError } from "../../../../../gateway/src/core/errors.ts";
import { decodeReply, endsConnection } from "../../../../../gateway/src/data-plane/codec/decode-reply.ts";
import { applicationException } from "../../../../support/thrift-bytes.ts";

const result = compileIdl({ "s.thrift": "service S { i32 call() }" }, "s.thrift");
if (!result.ok) throw new Error("the IDL is sound");
const codec = createServiceCodec(result.schema, "S").method("call")!;

it.each([
  ["bytes that end early", MessageType.reply, Buffer.of(8, 0, 0), true],
  ["a type code that is none", MessageType.reply, Buffer.of(99, 0, 0, 0), true],
  ["a garbled exception", MessageType.exception, Buffer.of(11, 0, 1, 0xff, 0xff, 0xff, 0xff, 0), true],
  ["no result", MessageType.reply, Buffer.of(0), false],
  ["Apache's unknown method", MessageType.exception, applicationException(1, "unknown"), false],
  ["Kitex's unknown method, behind which it closes", MessageType.exception, applicationException(20, "unknown"), true],
  ["an error of the handler's", MessageType.exception, applicationException(6, "panic"), false],
])("%s", (_, type, bytes, ends) => {
  let thrown: unknown;
  try {
    decodeReply(codec, type, bytes, 0, bytes.length);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(GatewayError);
  expect(endsConnection(thrown as GatewayError)).toBe(ends);
});
