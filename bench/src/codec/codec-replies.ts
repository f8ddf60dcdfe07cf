import { compileIdl, createServiceCodec } from "@thriftgate/thrift";
import { TBinaryProtocol, TFramedTransport } from "thrift";
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
  if (new TextDecoder().decode(compiled()) !== answer || npmThrift() !== answer) throw new Error(`${name}: a wrong answer`);
  return { name, jsonBytes: Buffer.byteLength(answer), contestants: { compiled, "npm thrift + JSON.stringify": npmThrift } };
}
