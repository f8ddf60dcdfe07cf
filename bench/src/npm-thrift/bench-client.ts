import thrift, { type Thrift, type TProtocol } from "thrift";
import type { Order } from "../fixtures/orders.ts";
import {
  type Asset,
  type ReadStruct,
  readInsertAssetResponse,
  readOrder,
  readStruct,
  type WriteStruct,
  writeAsset,
  writeField,
  writeOrder,
} from "./structs.ts";

const { MessageType, Type } = thrift.Thrift;

type Transport = { flush(): void };
type Done = (error: Error | null, result?: object) => void;

/** A client as the Apache compiler generates it: the package calls `recv_…` by the reply's name, and looks in `_reqs` for who waits. */
class Client {
  readonly output: Transport;
  readonly pClass: new (
    transport: Transport,
  ) => TProtocol;
  readonly _reqs: Record<number, Done> = {};
  #seqid = 0;

  constructor(output: Transport, pClass: new (transport: Transport) => TProtocol) {
    this.output = output;
    this.pClass = pClass;
  }

  insertAsset(asset: Asset): Promise<object> {
    return this.#call("insertAsset", "asset", writeAsset, asset);
  }

  placeOrder(order: Order): Promise<object> {
    return this.#call("placeOrder", "order", writeOrder, order);
  }

  recv_insertAsset(input: TProtocol, messageType: Thrift.MessageType, seqid: number): void {
    this.#receive(input, messageType, seqid, readInsertAssetResponse);
  }

  recv_placeOrder(input: TProtocol, messageType: Thrift.MessageType, seqid: number): void {
    this.#receive(input, messageType, seqid, readOrder);
  }

  #call<T>(method: string, parameter: string, write: WriteStruct<T>, value: T): Promise<object> {
    return new Promise((resolve, reject) => {
      this.#seqid += 1;
      this._reqs[this.#seqid] = (error, result) => (error === null ? resolve(result!) : reject(error));
      const output = new this.pClass(this.output);
      output.writeMessageBegin(method, MessageType.CALL, this.#seqid);
      output.writeStructBegin(method);
      writeField(output, Type.STRUCT, parameter, 1, () => write(output, value));
      output.writeFieldStop();
      output.writeStructEnd();
      output.writeMessageEnd();
      this.output.flush();
    });
  }

  #receive(input: TProtocol, messageType: Thrift.MessageType, seqid: number, read: ReadStruct): void {
    const done = this._reqs[seqid]!;
    delete this._reqs[seqid];
    if (messageType === MessageType.EXCEPTION) {
      done(new Error("the server answered with an exception"));
      return;
    }
    const result: { success?: object } = {};
    readStruct(input, result, (id) => {
      if (id === 0) result.success = read(input);
      return id === 0;
    });
    input.readMessageEnd();
    done(null, result.success);
  }
}

/** One connection, framed and binary. */
export function createBenchClient(port: number): Client {
  const connection = thrift.createConnection("127.0.0.1", port, {
    transport: thrift.TFramedTransport,
    protocol: thrift.TBinaryProtocol,
  });
  connection.on("error", (error) => {
    throw error;
  });
  return thrift.createClient(Client as never, connection);
}
