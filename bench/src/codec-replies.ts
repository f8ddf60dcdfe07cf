import { compileIdl, createServiceCodec, type MethodCodec } from "@thriftgate/thrift";
import { TBinaryProtocol, TFramedTransport, type TProtocol } from "thrift";
import type { CodecBench } from "./codec-bench.ts";

const idl = `
struct InsertAssetResponse { 1: bool Ok, 2: string Msg }
struct Item { 1: string sku, 2: string name, 3: i32 quantity, 4: double price, 5: list<string> tags }
struct Order {
  1: i32 id, 2: string customer, 3: i32 status, 4: bool paid, 5: list<Item> items,
  6: map<string, string> attributes, 7: double total, 8: string note
}
service Bench {
  InsertAssetResponse insertAsset(1: InsertAssetResponse echo)
  Order placeOrder(1: Order echo)
}
`;

const smallReply = { Ok: true, Msg: "the asset was inserted, well" };

const order = {
  id: 1_234_567,
  customer: "Ada Lovelace",
  status: 3,
  paid: true,
  items: Array.from({ length: 12 }, (_, i) => ({
    sku: `SKU-${1000 + i}-XL`,
    name: `A fine woollen sock, number ${i}`,
    quantity: i + 1,
    price: (1999 + 125 * i) / 100,
    tags: ["wool", "winter"],
  })),
  attributes: { channel: "web", region: "eu-central", campaign: "spring", device: "phone" },
  total: 1234.56,
  note: "Please leave the parcel with the neighbour if nobody is at home. Grüße!",
};

/** Result structs as an instance sends them → the JSON that goes out. */
export function replyBenches(): CodecBench[] {
  const linked = compileIdl({ "bench.thrift": idl }, "bench.thrift");
  if (!linked.ok) throw new Error(linked.faults[0]!.message);
  const codec = createServiceCodec(linked.schema, "Bench");
  return [
    replyBench("small reply", codec.method("insertAsset")!, smallReply, readInsertAssetResponse),
    replyBench("order reply", codec.method("placeOrder")!, order, readOrder),
  ];
}

function replyBench(name: string, codec: MethodCodec, value: object, read: (input: TProtocol) => object): CodecBench {
  const text = JSON.stringify(value);
  const result = resultOf(codec, text);
  const compiled = () => codec.decodeResult(result, 0, result.length).json;
  const npmThrift = () => {
    const input = new TBinaryProtocol(new TFramedTransport(result));
    input.readFieldBegin();
    return JSON.stringify(read(input));
  };
  if (new TextDecoder().decode(compiled()) !== text || npmThrift() !== text) throw new Error(`${name}: a wrong answer`);
  return { name, jsonBytes: Buffer.byteLength(text), contestants: { compiled, "npm thrift + JSON.stringify": npmThrift } };
}

/** The argument of a call, field 1, as the value of the result, field 0. */
function resultOf(codec: MethodCodec, json: string): Buffer {
  const { bytes, seqidOffset } = codec.encodeJson(Buffer.from(json));
  const result = Buffer.from(bytes.subarray(seqidOffset + 4));
  result.writeInt16BE(0, 1);
  return result;
}

/** The loop that Apache's compiler generates for a struct; `readField` says whether it knew the field. */
function readStruct<Struct extends object>(input: TProtocol, struct: Struct, readField: (id: number) => boolean): Struct {
  input.readStructBegin();
  for (let field = input.readFieldBegin(); field.ftype !== 0; field = input.readFieldBegin()) {
    if (!readField(field.fid)) input.skip(field.ftype);
    input.readFieldEnd();
  }
  input.readStructEnd();
  return struct;
}

function readInsertAssetResponse(input: TProtocol): object {
  const response = { Ok: false, Msg: "" };
  return readStruct(input, response, (id) => {
    if (id === 1) response.Ok = input.readBool();
    else if (id === 2) response.Msg = input.readString();
    else return false;
    return true;
  });
}

function readItem(input: TProtocol): object {
  const item = { sku: "", name: "", quantity: 0, price: 0, tags: [] as string[] };
  return readStruct(input, item, (id) => {
    if (id === 1) item.sku = input.readString();
    else if (id === 2) item.name = input.readString();
    else if (id === 3) item.quantity = input.readI32();
    else if (id === 4) item.price = input.readDouble();
    else if (id === 5) item.tags = readList(input, () => input.readString());
    else return false;
    return true;
  });
}

function readOrder(input: TProtocol): object {
  const read = {
    id: 0,
    customer: "",
    status: 0,
    paid: false,
    items: [] as object[],
    attributes: {} as Record<string, string>,
    total: 0,
    note: "",
  };
  return readStruct(input, read, (id) => {
    if (id === 1) read.id = input.readI32();
    else if (id === 2) read.customer = input.readString();
    else if (id === 3) read.status = input.readI32();
    else if (id === 4) read.paid = input.readBool();
    else if (id === 5) read.items = readList(input, () => readItem(input));
    else if (id === 6) read.attributes = readMap(input);
    else if (id === 7) read.total = input.readDouble();
    else if (id === 8) read.note = input.readString();
    else return false;
    return true;
  });
}

function readList<Element>(input: TProtocol, readElement: () => Element): Element[] {
  const elements: Element[] = [];
  const { size } = input.readListBegin();
  for (let i = 0; i < size; i++) elements.push(readElement());
  input.readListEnd();
  return elements;
}

function readMap(input: TProtocol): Record<string, string> {
  const map: Record<string, string> = {};
  const { size } = input.readMapBegin();
  for (let i = 0; i < size; i++) {
    const key = input.readString();
    map[key] = input.readString();
  }
  input.readMapEnd();
  return map;
}
