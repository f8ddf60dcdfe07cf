import { compileIdl, createCallFormat, createServiceCodec, type MethodCodec } from "@thriftgate/thrift";
import thrift from "thrift";
import { benchCalls, idl } from "../fixtures/calls.ts";
import { type WriteStruct, writeAsset, writeField, writeOrder } from "../npm-thrift/structs.ts";
import type { CodecBench } from "./codec-bench.ts";

const { Type, MessageType } = thrift.Thrift;

/** Bodies as callers send them → calls. */
export function callBenches(): CodecBench[] {
  const linked = compileIdl({ "bench.thrift": idl }, "bench.thrift");
  if (!linked.ok) throw new Error(linked.faults[0]!.message);
  const codec = createServiceCodec(linked.schema, "Bench");
  const insertAsset = codec.method("insertAsset")!;
  const placeOrder = codec.method("placeOrder")!;
  const asset: unknown = JSON.parse(benchCalls.small.body);
  return [
    callBench("small call", insertAsset, benchCalls.small.body, writeAsset),
    callBench("small call, indented", insertAsset, JSON.stringify(asset, null, 2), writeAsset),
    callBench("order call", placeOrder, benchCalls.order.body, writeOrder),
    {
      name: "small call, from a query",
      jsonBytes: benchCalls.small.body.length,
      contestants: { compiled: () => insertAsset.encodeText(Object.entries(asset as Record<string, string>)) },
    },
  ];
}

const asCompact = createCallFormat({ transport: "buffered", protocol: "compact" })!;

function callBench<T>(name: string, codec: MethodCodec, text: string, write: WriteStruct<T>): CodecBench {
  const json = Buffer.from(text);
  const compiled = () => codec.encodeJson(json).bytes;
  const compact = () => asCompact(compiled(), 0);
  const npmThrift = () => encodeWithNpmThrift(thrift.TBinaryProtocol, json, codec.method.name, write);
  const npmCompact = () => encodeWithNpmThrift(thrift.TCompactProtocol, json, codec.method.name, write);
  if (!npmThrift().equals(compiled()) || !npmCompact().equals(compact())) throw new Error(`${name}: a wrong answer`);
  const parsed = () => JSON.parse(json.toString()) as unknown;
  return {
    name,
    jsonBytes: json.length,
    contestants: {
      compiled,
      "compiled, in compact": compact,
      "JSON.parse + npm thrift": npmThrift,
      "JSON.parse + npm thrift, in compact": npmCompact,
      "JSON.parse alone": parsed,
    },
  };
}

function encodeWithNpmThrift<T>(
  Protocol: typeof thrift.TBinaryProtocol | typeof thrift.TCompactProtocol,
  json: Buffer,
  method: string,
  write: WriteStruct<T>,
): Buffer {
  let message: Buffer | undefined;
  const transport = new thrift.TBufferedTransport(undefined, (bytes) => {
    message = bytes;
  });
  const output = new Protocol(transport);
  output.writeMessageBegin(method, MessageType.CALL, 0);
  output.writeStructBegin("args");
  writeField(output, Type.STRUCT, "request", 1, () => write(output, JSON.parse(json.toString()) as T));
  output.writeFieldStop();
  output.writeStructEnd();
  output.writeMessageEnd();
  output.flush();
  return message!;
}
