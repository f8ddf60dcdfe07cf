import { compileIdl, createCallFormat, createMessageReader, createServiceCodec, readMessageHeader } from "@thriftgate/thrift";
import { TBinaryProtocol, TCompactProtocol, TFramedTransport } from "thrift";
import { answerBytes } from "../fixtures/answers.ts";
import { type BenchCall, benchCalls, idl } from "../fixtures/calls.ts";
import { type ReadStruct, readInsertAssetResponse, readOrder } from "../npm-thrift/structs.ts";
import type { CodecBench } from "./codec-bench.ts";

/** Result structs as an instance sends them → the JSON that goes out. */
export function replyBenches(): CodecBench[] {
  return [
    replyBench("small reply", benchCalls.small, readInsertAssetResponse),
    replyBench("order reply", benchCalls.order, readOrder),
  ];
}

function replyBench(name: string, { thriftMethod, answer }: BenchCall, read: ReadStruct): CodecBench {
  const linked = compileIdl({ "bench.thrift": idl }, "bench.thrift");
  if (!linked.ok) throw new Error(linked.faults[0]!.message);
  const codec = createServiceCodec(linked.schema, "Bench").method(thriftMethod)!;
  const result = answerBytes().get(thriftMethod)!;
  const compiled = () => codec.decodeResult(result, 0, result.length).json;
  const npmThrift = () => {
    const input = new TBinaryProtocol(new TFramedTransport(result));
    input.readFieldBegin();
    return JSON.stringify(read(input));
  };

  const message = asCompact(Buffer.concat([messageHead(thriftMethod), result]), 1);
  const frame = Buffer.concat([Buffer.alloc(4), message]);
  frame.writeInt32BE(message.length, 0);
  let json: Uint8Array | undefined;
  const reader = createMessageReader(
    { transport: "framed", protocol: "compact" },
    (bytes, offset, end) => {
      json = codec.decodeResult(bytes, readMessageHeader(bytes, offset, end).bodyOffset, end).json;
    },
    { maxMessageBytes: 16_384_000, maxDepth: 64 },
  );
  const compact = () => {
    reader.push(frame);
    return json;
  };
  const npmCompact = () => {
    const input = new TCompactProtocol(new TFramedTransport(Buffer.from(message)));
    input.readMessageBegin();
    input.readFieldBegin();
    return JSON.stringify(read(input));
  };
  const utf8 = new TextDecoder();
  if ([utf8.decode(compiled()), npmThrift(), utf8.decode(compact()), npmCompact()].some((text) => text !== answer))
    throw new Error(`${name}: a wrong answer`);
  return {
    name,
    jsonBytes: Buffer.byteLength(answer),
    contestants: {
      compiled,
      "compiled, from compact": compact,
      "npm thrift + JSON.stringify": npmThrift,
      "npm thrift + JSON.stringify, from compact": npmCompact,
    },
  };
}

const asCompact = createCallFormat({ transport: "buffered", protocol: "compact" })!;

/** Of a reply in the strict binary protocol. */
function messageHead(method: string): Buffer {
  const head = Buffer.alloc(12 + method.length);
  head.writeInt32BE(0x80010002 | 0);
  head.writeInt32BE(method.length, 4);
  head.write(method, 8);
  return head;
}
