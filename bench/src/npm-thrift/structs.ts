/** What the Apache compiler generates for `js:node` from bench/fixtures/bench.thrift, in short. */
import thrift, { type Thrift, type TProtocol } from "thrift";
import type { Line, Order } from "../fixtures/orders.ts";

const { Type } = thrift.Thrift;

export interface Asset {
  ID?: string;
  Name?: string;
  Market?: string;
}

export type WriteStruct<T> = (output: TProtocol, value: T) => void;
export type ReadStruct = (input: TProtocol) => object;

export function writeField(output: TProtocol, type: Thrift.Type, name: string, id: number, write: () => void): void {
  output.writeFieldBegin(name, type, id);
  write();
  output.writeFieldEnd();
}

function present<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

export const writeAsset: WriteStruct<Asset> = (output, asset) => {
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

export const writeOrder: WriteStruct<Order> = (output, order) => {
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

/** The loop that is generated for each struct; `readField` says whether it knew the field. */
export function readStruct<Struct extends object>(input: TProtocol, struct: Struct, readField: (id: number) => boolean): Struct {
  input.readStructBegin();
  for (let field = input.readFieldBegin(); field.ftype !== 0; field = input.readFieldBegin()) {
    if (!readField(field.fid)) input.skip(field.ftype);
    input.readFieldEnd();
  }
  input.readStructEnd();
  return struct;
}

export function readInsertAssetResponse(input: TProtocol): object {
  const response = { Ok: false, Msg: "" };
  return readStruct(input, response, (id) => {
    if (id === 1) response.Ok = input.readBool();
    else if (id === 2) response.Msg = input.readString();
    else return false;
    return true;
  });
}

function readLine(input: TProtocol): Line {
  const line = { sku: "", quantity: 0, price: 0, tags: [] as string[] };
  return readStruct(input, line, (id) => {
    if (id === 1) line.sku = input.readString();
    else if (id === 2) line.quantity = input.readI32();
    else if (id === 3) line.price = input.readDouble();
    else if (id === 4) line.tags = readList(input, () => input.readString());
    else return false;
    return true;
  });
}

export function readOrder(input: TProtocol): object {
  const order = { id: 0, customer: "", paid: false, lines: [] as Line[], labels: {} as Record<string, string> };
  return readStruct(input, order, (id) => {
    if (id === 1) order.id = Number(input.readI64());
    else if (id === 2) order.customer = input.readString();
    else if (id === 3) order.paid = input.readBool();
    else if (id === 4) order.lines = readList(input, () => readLine(input));
    else if (id === 5) order.labels = readMap(input);
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
