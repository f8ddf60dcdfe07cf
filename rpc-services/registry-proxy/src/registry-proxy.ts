import { Thrift, type TProtocol } from "thrift";

// What Apache's compiler makes of idl/registry_proxy.thrift, by hand and in TypeScript: the structs and the processor.

export interface ConnectRequest {
  ApiKey: string;
  ServiceName: string;
  ServerAddress: string;
  ServerPort: string;
  /** Seconds. */
  TTL: number;
  TTD: number;
}

export interface ConnectResponse {
  Status: string;
  Message: string;
  ServerID: string;
}

export interface HealtRequest {
  ApiKey: string;
  ServerID: string;
}

export interface HealthResponse {
  Status: string;
  Message: string;
}

export interface RegistryProxyHandler {
  connectServer(request: ConnectRequest): Promise<ConnectResponse>;
  healthCheckServer(request: HealtRequest): Promise<HealthResponse>;
}

type FieldType = Thrift.Type.I64 | Thrift.Type.STRING;
/** A struct's fields by id. */
type Fields<T> = Readonly<Record<number, readonly [name: keyof T & string, type: FieldType]>>;

const { I64, STRING, STRUCT, STOP } = Thrift.Type;
const { UNKNOWN_METHOD, INTERNAL_ERROR } = Thrift.TApplicationExceptionType;

const connectRequest: Fields<ConnectRequest> = {
  1: ["ApiKey", STRING],
  2: ["ServiceName", STRING],
  3: ["ServerAddress", STRING],
  4: ["ServerPort", STRING],
  5: ["TTL", I64],
  6: ["TTD", I64],
};
const connectResponse: Fields<ConnectResponse> = { 1: ["Status", STRING], 2: ["Message", STRING], 3: ["ServerID", STRING] };
const healtRequest: Fields<HealtRequest> = { 1: ["ApiKey", STRING], 2: ["ServerID", STRING] };
const healthResponse: Fields<HealthResponse> = { 1: ["Status", STRING], 2: ["Message", STRING] };

/** For `createServer(RegistryProxyProcessor, handler)`. */
export class RegistryProxyProcessor {
  readonly #handler: RegistryProxyHandler;

  constructor(handler: RegistryProxyHandler) {
    this.#handler = handler;
  }

  process(input: TProtocol, output: TProtocol): void {
    const { fname, rseqid } = input.readMessageBegin();
    switch (fname) {
      case "connectServer": {
        const empty = { ApiKey: "", ServiceName: "", ServerAddress: "", ServerPort: "", TTL: 0, TTD: 0 };
        const request = readArgument(input, connectRequest, empty);
        void answer(output, fname, rseqid, connectResponse, () => this.#handler.connectServer(request));
        break;
      }
      case "healthCheckServer": {
        const request = readArgument(input, healtRequest, { ApiKey: "", ServerID: "" });
        void answer(output, fname, rseqid, healthResponse, () => this.#handler.healthCheckServer(request));
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
    else Object.assign(struct, { [name]: expected === I64 ? Number(input.readI64()) : input.readString() });
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

async function answer<T extends object>(
  output: TProtocol,
  method: string,
  seqid: number,
  fields: Fields<T>,
  handle: () => Promise<T>,
): Promise<void> {
  let result: T;
  try {
    result = await handle();
  } catch {
    writeException(output, method, seqid, INTERNAL_ERROR, "Internal error");
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

/** Answers hold text alone. */
function writeStruct<T extends object>(output: TProtocol, fields: Fields<T>, struct: T): void {
  output.writeStructBegin("");
  for (const [id, [name]] of Object.entries(fields)) {
    output.writeFieldBegin(name, STRING, Number(id));
    output.writeString(struct[name] as string);
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
