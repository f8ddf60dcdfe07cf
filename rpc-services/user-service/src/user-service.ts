import { Thrift, type TProtocol } from "thrift";

// What Apache's compiler makes of idl/user_service.thrift, by hand and in TypeScript: the structs and the processor.

interface QueryUser {
  ID: string;
}

interface QueryUserResponse {
  Exist: boolean;
  ID: string;
  Name: string;
  Email: string;
  Age: number;
}

export interface InsertUser {
  ID: string;
  Name: string;
  Email: string;
  Age: number;
}

interface InsertUserResponse {
  Ok: boolean;
  Msg: string;
}

export interface UserServiceHandler {
  queryUser(request: QueryUser): QueryUserResponse;
  insertUser(request: InsertUser): InsertUserResponse;
}

type FieldType = Thrift.Type.BOOL | Thrift.Type.I32 | Thrift.Type.STRING;
/** A struct's fields by id. */
type Fields<T> = Readonly<Record<number, readonly [name: keyof T & string, type: FieldType]>>;

const { BOOL, I32, STRING, STRUCT, STOP } = Thrift.Type;
const { UNKNOWN_METHOD, INTERNAL_ERROR } = Thrift.TApplicationExceptionType;

const queryUser: Fields<QueryUser> = { 1: ["ID", STRING] };
const queryUserResponse: Fields<QueryUserResponse> = {
  1: ["Exist", BOOL],
  2: ["ID", STRING],
  3: ["Name", STRING],
  4: ["Email", STRING],
  5: ["Age", I32],
};
const insertUser: Fields<InsertUser> = { 1: ["ID", STRING], 2: ["Name", STRING], 3: ["Email", STRING], 4: ["Age", I32] };
const insertUserResponse: Fields<InsertUserResponse> = { 1: ["Ok", BOOL], 2: ["Msg", STRING] };

/** For `createServer(UserServiceProcessor, handler)`. */
export class UserServiceProcessor {
  readonly #handler: UserServiceHandler;

  constructor(handler: UserServiceHandler) {
    this.#handler = handler;
  }

  process(input: TProtocol, output: TProtocol): void {
    const { fname, rseqid } = input.readMessageBegin();
    switch (fname) {
      case "queryUser": {
        const request = readArgument(input, queryUser, { ID: "" });
        answer(output, fname, rseqid, queryUserResponse, () => this.#handler.queryUser(request));
        break;
      }
      case "insertUser": {
        const request = readArgument(input, insertUser, { ID: "", Name: "", Email: "", Age: 0 });
        answer(output, fname, rseqid, insertUserResponse, () => this.#handler.insertUser(request));
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
    else Object.assign(struct, { [name]: readValue(input, type) });
  });
}

function readValue(input: TProtocol, type: Thrift.Type): boolean | number | string {
  if (type === BOOL) return input.readBool();
  return type === I32 ? input.readI32() : input.readString();
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
    else if (type === I32) output.writeI32(struct[name] as number);
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
