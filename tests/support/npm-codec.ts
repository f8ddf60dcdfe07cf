import { type TBinaryProtocol as Binary, Int64, TBinaryProtocol, TCompactProtocol, TFramedTransport, type Thrift } from "thrift";
import type { MethodDescriptor, Schema, TypeDescriptor } from "../../thrift/src/schema/descriptors.ts";
import { typeCodeOf } from "../../thrift/src/wire/type-code.ts";
import { type WireStruct, type WireTree, writeWire } from "./oracle-wire.ts";
import { type PeerAnswer, type PeerCodec, type PeerRequest, resultFields } from "./peer-codec.ts";

type FieldTypes = ReadonlyMap<number, TypeDescriptor>;

const protocols = { binary: TBinaryProtocol, compact: TCompactProtocol };
const replyType = 2;

/** Apache's npm package, in this process: its readers and writers, called in the order in which generated code calls them. */
export const npmCodec: PeerCodec = {
  ask(schema, method, request): Promise<PeerAnswer> {
    try {
      return Promise.resolve({ message: rewrite(schema, method, request) });
    } catch (error) {
      return Promise.resolve({ refused: String(error) });
    }
  },
};

function rewrite(schema: Schema, method: MethodDescriptor, { message, read, from, to, echo }: PeerRequest): Buffer {
  const source = new protocols[from](new TFramedTransport(Buffer.from(message)));
  const { fname, mtype, rseqid } = source.readMessageBegin();
  const fields = read === "call" ? fieldsOf(schema, method.argumentsIndex) : new Map(resultFields(method));
  const value = readStruct(source, schema, fields);
  if (to === "value") return Buffer.from(writeWire(value));
  const written: Buffer[] = [];
  const target = new protocols[to](
    new TFramedTransport(undefined, (frame) => {
      written.push(frame!.subarray(4));
    }),
  );
  target.writeMessageBegin(fname, echo ? replyType : mtype, rseqid);
  writeValue(target, echo ? { code: 12, fields: [[0, value.fields[0]![1]]] } : value);
  target.flush();
  return Buffer.concat(written);
}

function fieldsOf(schema: Schema, index: number): FieldTypes {
  return new Map(schema.structs[index]!.fields.map(({ id, type }) => [id, type]));
}

/** As generated code does it: a field of another type is skipped, of one that comes twice the last counts. */
function readStruct(source: Binary, schema: Schema, known: FieldTypes): WireStruct {
  const fields = new Map<number, WireTree>();
  source.readStructBegin();
  for (let field = source.readFieldBegin(); field.ftype !== 0; field = source.readFieldBegin()) {
    const type = known.get(field.fid);
    if (type === undefined || typeCodeOf(type) !== field.ftype) source.skip(field.ftype);
    else fields.set(field.fid, readValue(source, schema, type));
    source.readFieldEnd();
  }
  source.readStructEnd();
  return { code: 12, fields: [...fields] };
}

function readValue(source: Binary, schema: Schema, type: TypeDescriptor): WireTree {
  switch (type.kind) {
    case "bool":
      return { code: 2, value: source.readBool() };
    case "i8":
      return { code: 3, value: BigInt(source.readByte()) };
    case "i16":
      return { code: 6, value: BigInt(source.readI16()) };
    case "i32":
    case "enum":
      return { code: 8, value: BigInt(source.readI32()) };
    case "i64": {
      const { buffer, offset } = source.readI64();
      return { code: 10, value: buffer.readBigInt64BE(offset) };
    }
    case "double":
      return { code: 4, value: source.readDouble() };
    case "string":
      return { code: 11, value: Buffer.from(source.readString()) };
    case "binary":
      return { code: 11, value: source.readBinary() };
    case "uuid":
      throw new TypeError("not in the declarations of Apache's package");
    case "struct":
      return readStruct(source, schema, fieldsOf(schema, type.index));
    case "list":
    case "set": {
      const isList = type.kind === "list";
      const { size } = isList ? source.readListBegin() : source.readSetBegin();
      const elements: WireTree[] = [];
      for (let i = 0; i < size; i++) elements.push(readValue(source, schema, type.element));
      return { code: isList ? 15 : 14, elementCode: typeCodeOf(type.element), elements };
    }
    case "map": {
      const { size } = source.readMapBegin();
      const entries: [WireTree, WireTree][] = [];
      for (let i = 0; i < size; i++) entries.push([readValue(source, schema, type.key), readValue(source, schema, type.value)]);
      return { code: 13, keyCode: typeCodeOf(type.key), valueCode: typeCodeOf(type.value), entries };
    }
  }
}

function writeValue(target: Binary, tree: WireTree): void {
  switch (tree.code) {
    case 2:
      target.writeBool(tree.value);
      break;
    case 3:
      target.writeByte(Number(tree.value));
      break;
    case 6:
      target.writeI16(Number(tree.value));
      break;
    case 8:
      target.writeI32(Number(tree.value));
      break;
    case 10:
      target.writeI64(new Int64(Buffer.from(writeWire(tree))));
      break;
    case 4:
      target.writeDouble(tree.value);
      break;
    case 11:
      target.writeBinary(Buffer.from(tree.value));
      break;
    case 16:
      throw new TypeError("not in the declarations of Apache's package");
    case 12:
      target.writeStructBegin("");
      for (const [id, value] of tree.fields) {
        target.writeFieldBegin("f", value.code as Thrift.Type, id);
        writeValue(target, value);
        target.writeFieldEnd();
      }
      target.writeFieldStop();
      target.writeStructEnd();
      break;
    case 13:
      target.writeMapBegin(tree.keyCode, tree.valueCode, tree.entries.length);
      for (const entry of tree.entries) for (const value of entry) writeValue(target, value);
      target.writeMapEnd();
      break;
    case 14:
    case 15:
      if (tree.code === 15) target.writeListBegin(tree.elementCode, tree.elements.length);
      else target.writeSetBegin(tree.elementCode, tree.elements.length);
      for (const element of tree.elements) writeValue(target, element);
      if (tree.code === 15) target.writeListEnd();
      else target.writeSetEnd();
      break;
  }
}
