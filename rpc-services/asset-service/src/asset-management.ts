import { Thrift, type TProtocol } from "thrift";

// What Apache's compiler makes of idl/asset_management.thrift, by hand and in TypeScript: the structs and the processor.

interface QueryAssetRequest {
  ID: string;
}

interface QueryAssetResponse {
  Exist: boolean;
  ID: string;
  Name: string;
  Market: string;
}

export interface InsertAssetRequest {
  ID: string;
  Name: string;
  Market: string;
}

interface InsertAssetResponse {
  Ok: boolean;
  Msg: string;
}

export interface AssetManagementHandler {
  queryAsset(request: QueryAssetRequest): QueryAssetResponse;
  insertAsset(request: InsertAssetRequest): InsertAssetResponse;
}

type FieldType = Thrift.Type.BOOL | Thrift.Type.STRING;
/** A struct's fields by id. */
type Fields<T> = Readonly<Record<number, readonly [name: keyof T & string, type: FieldType]>>;

const { BOOL, STRING, STRUCT, STOP } = Thrift.Type;
const { UNKNOWN_METHOD, INTERNAL_ERROR } = Thrift.TApplicationExceptionType;

const queryAssetRequest: Fields<QueryAssetRequest> = { 1: ["ID", STRING] };
const queryAssetResponse: Fields<QueryAssetResponse> = {
  1: ["Exist", BOOL],
  2: ["ID", STRING],
  3: ["Name", STRING],
  4: ["Market", STRING],
};
const insertAssetRequest: Fields<InsertAssetRequest> = { 1: ["ID", STRING], 2: ["Name", STRING], 3: ["Market", STRING] };
const insertAssetResponse: Fields<InsertAssetResponse> = { 1: ["Ok", BOOL], 2: ["Msg", STRING] };

/** For `createServer(AssetManagementProcessor, handler)`. */
export class AssetManagementProcessor {
  readonly #handler: AssetManagementHandler;

  constructor(handler: AssetManagementHandler) {
    this.#handler = handler;
  }

  process(input: TProtocol, output: TProtocol): void {
    const { fname, rseqid } = input.readMessageBegin();
    switch (fname) {
      case "queryAsset": {
        const request = readArgument(input, queryAssetRequest, { ID: "" });
        answer(output, fname, rseqid, queryAssetResponse, () => this.#handler.queryAsset(request));
        break;
      }
      case "insertAsset": {
        const request = readArgument(input, insertAssetRequest, { ID: "", Name: "", Market: "" });
        answer(output, fname, rseqid, insertAssetResponse, () => this.#handler.insertAsset(request));
        break;
      }
      default:
        input.skip(STRUCT);
        input.readMessageEnd();
        writeException(output, fname, rseqid, UNKNOWN_METHOD, `Unknown function ${fname}`);
    }
  }
}

/** The struct that stands in field 1 of the arguments; fields that are absent keep the value that `struct` has. */
function readArgument<T extends object>(input: TProtocol, fields: Fields<T>, struct: T): T {
  readFields(input, (id, type) => {
    if (id === 1 && type === STRUCT) readStruct(input, fields, struct);
    else input.skip(type);
  });
  input.readMessageEnd();
  return struct;
}

function readStruct<T extends object>(input: TProtocol, fields: Fields<T>, struct: T): void {
  readFields(input, (id, type) => {
    const [name, expected] = fields[id] ?? [];
    if (name === undefined || type !== expected) input.skip(type);
    else Object.assign(struct, { [name]: type === BOOL ? input.readBool() : input.readString() });
  });
}

function readFields(input: TProtocol, read: (id: number, type: Thrift.Type) => void): void {
  input.readStructBegin();
  for (let field = input.readFieldBegin(); field.ftype !== STOP; field = input.readFieldBegin()) {
    read(field.fid, field.ftype);
    input.readFieldEnd();
  }
  input.readStructEnd();
}

function answer<T extends object>(output: TProtocol, method: string, seqid: number, fields: Fields<T>, handle: () => T): void {
  let result: T;
  try {
    result = handle();
  } catch (error) {
    writeException(output, method, seqid, INTERNAL_ERROR, String(error));
    return;
  }
  output.writeMessageBegin(method, Thrift.MessageType.REPLY, seqid);
  output.writeStructBegin(`${method}_result`);
  output.writeFieldBegin("success", STRUCT, 0);
  writeStruct(output, fields, result);
  output.writeFieldEnd();
  output.writeFieldStop();
  output.writeStructEnd();
  output.writeMessageEnd();
  output.flush();
}

function writeStruct<T extends object>(output: TProtocol, fields: Fields<T>, struct: T): void {
  output.writeStructBegin("");
  for (const [id, [name, type]] of Object.entries(fields)) {
    output.writeFieldBegin(name, type, Number(id));
    if (type === BOOL) output.writeBool(struct[name] as boolean);
    else output.writeString(struct[name] as string);
    output.writeFieldEnd();
  }
  output.writeFieldStop();
  output.writeStructEnd();
}

function writeException(
  output: TProtocol,
  method: string,
  seqid: number,
  type: Thrift.TApplicationExceptionType,
  message: string,
): void {
  output.writeMessageBegin(method, Thrift.MessageType.EXCEPTION, seqid);
  new Thrift.TApplicationException(type, message).write(output);
  output.writeMessageEnd();
  output.flush();
}
