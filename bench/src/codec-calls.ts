import { compileIdl, createCallFormat, createServiceCodec, type MethodCodec } from "@thriftgate/thrift";
import thrift, { type Thrift, type TProtocol } from "thrift";
import type { CodecBench } from "./codec-bench.ts";

const { Type, MessageType } = thrift.Thrift;

type WriteStruct<T> = (output: TProtocol, value: T) => void;

const idl = `
struct Asset { 1: string ID, 2: string Name, 3: string Market }
struct Line { 1: string sku, 2: i32 quantity, 3: double price, 4: list<string> tags }
struct Order { 1: i64 id, 2: string customer, 3: bool paid, 4: list<Line> lines, 5: map<string, string> labels }
service Bench { void insertAsset(1: Asset request), void placeOrder(1: Order request) }
`;

const asset = { ID: "1234", Name: "Some Bond", Market: "NASDAQ Helsinki" };

const order = {
  id: 9_007_199_254_740_991,
  customer: "Väinö Virtanen",
  paid: true,
  lines: Array.from({ length: 22 }, (_, i) => ({
    sku: `SKU-${1_000 + i * 37}`,
    quantity: i * 3 + 1,
    price: (i * 731 + 199) / 100,
    tags: ["fragile", "express"].slice(i % 2),
  })),
  labels: { channel: "web", region: "eu-north", note: 'says "hello"', campaign: "spring" },
};

/** Bodies as callers send them → calls. */
export function callBenches(): CodecBench[] {
  const linked = compileIdl({ "bench.thrift": idl }, "bench.thrift");
  if (!linked.ok) throw new Error(linked.faults[0]!.message);
  const codec = createServiceCodec(linked.schema, "Bench");
  const insertAsset = codec.method("insertAsset")!;
  const placeOrder = codec.method("placeOrder")!;
  return [
    callBench("small call", insertAsset, JSON.stringify(asset), writeAsset),
    callBench("small call, indented", insertAsset, JSON.stringify(asset, null, 2), writeAsset),
    callBench("order call", placeOrder, JSON.stringify(order), writeOrder),
    {
      name: "query",
      jsonBytes: 0,
      contestants: { compiled: () => insertAsset.encodeText(Object.entries(asset)) },
    },
  ];
}

const asCompact = createCallFormat({ transport: "buffered", protocol: "compact" })!;

function callBench<T>(name: string, codec: MethodCodec, text: string, write: WriteStruct<T>): CodecBench {
  const json = Buffer.from(text);
  const compiled = () => codec.encodeJson(json).bytes;
  const npmThrift = () => encodeWithNpmThrift(json, codec.method.name, write);
  if (!npmThrift().equals(compiled())) throw new Error(`${name}: a wrong answer`);
  const parsed = () => JSON.parse(json.toString()) as unknown;
  return {
    name,
    jsonBytes: json.length,
    contestants: {
      compiled,
      "compiled, in compact": () => asCompact(compiled(), 1),
      "JSON.parse + npm thrift": npmThrift,
      "JSON.parse alone": parsed,
    },
  };
}

function encodeWithNpmThrift<T>(json: Buffer, method: string, write: WriteStruct<T>): Buffer {
  let message: Buffer | undefined;
  const transport = new thrift.TBufferedTransport(undefined, (bytes) => {
    message = bytes;
  });
  const output = new thrift.TBinaryProtocol(transport);
  output.writeMessageBegin(method, MessageType.CALL, 0);
  output.writeStructBegin("args");
  output.writeFieldBegin("request", Type.STRUCT, 1);
  write(output, JSON.parse(json.toString()) as T);
  output.writeFieldEnd();
  output.writeFieldStop();
  output.writeStructEnd();
  output.writeMessageEnd();
  output.flush();
  return message!;
}

interface Asset {
  ID?: string;
  Name?: string;
  Market?: string;
}

interface Line {
  sku?: string;
  quantity?: number;
  price?: number;
  tags?: string[];
}

interface Order {
  id?: number;
  customer?: string;
  paid?: boolean;
  lines?: Line[];
  labels?: Record<string, string>;
}

function writeField(output: TProtocol, type: Thrift.Type, name: string, id: number, write: () => void): void {
  output.writeFieldBegin(name, type, id);
  write();
  output.writeFieldEnd();
}

function present<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

/** From here on what the Apache compiler generates for `js:node`, in short. */
const writeAsset: WriteStruct<Asset> = (output, asset) => {
  const { ID, Name, Market } = asset;
  output.writeStructBegin("Asset");
  if (present(ID)) writeField(output, Type.STRING, "ID", 1, () => output.writeString(ID));
  if (present(Name)) writeField(output, Type.STRING, "Name", 2, () => output.writeString(Name));
  if (present(Market)) writeField(output, Type.STRING, "Market", 3, () => output.writeString(Market));
  output.writeFieldStop();
  output.writeStructEnd();
};

const writeLine: WriteStruct<Line> = (output, line) => {
  const { sku, quantity, price, tags } = line;
  output.writeStructBegin("Line");
  if (present(sku)) writeField(output, Type.STRING, "sku", 1, () => output.writeString(sku));
  if (present(quantity)) writeField(output, Type.I32, "quantity", 2, () => output.writeI32(quantity));
  if (present(price)) writeField(output, Type.DOUBLE, "price", 3, () => output.writeDouble(price));
  if (present(tags)) {
    output.writeFieldBegin("tags", Type.LIST, 4);
    output.writeListBegin(Type.STRING, tags.length);
    for (const tag of tags) output.writeString(tag);
    output.writeListEnd();
    output.writeFieldEnd();
  }
  output.writeFieldStop();
  output.writeStructEnd();
};

const writeOrder: WriteStruct<Order> = (output, order) => {
  const { id, customer, paid, lines, labels } = order;
  output.writeStructBegin("Order");
  if (present(id)) writeField(output, Type.I64, "id", 1, () => output.writeI64(id));
  if (present(customer)) writeField(output, Type.STRING, "customer", 2, () => output.writeString(customer));
  if (present(paid)) writeField(output, Type.BOOL, "paid", 3, () => output.writeBool(paid));
  if (present(lines)) {
    output.writeFieldBegin("lines", Type.LIST, 4);
    output.writeListBegin(Type.STRUCT, lines.length);
    for (const line of lines) writeLine(output, line);
    output.writeListEnd();
    output.writeFieldEnd();
  }
  if (present(labels)) {
    const keys = Object.keys(labels);
    output.writeFieldBegin("labels", Type.MAP, 5);
    output.writeMapBegin(Type.STRING, Type.STRING, keys.length);
    for (const key of keys) {
      output.writeString(key);
      output.writeString(labels[key]!);
    }
    output.writeMapEnd();
    output.writeFieldEnd();
  }
  output.writeFieldStop();
  output.writeStructEnd();
};
