import { resetMembers } from "../json/distinct.ts";
import { explain } from "../json/explain.ts";
import { fieldJsonName } from "../json/field-mapping.ts";
import { input, loadInput, releaseInput } from "../json/input.ts";
import { failSyntax, mismatch } from "../json/mismatch.ts";
import { skipWhitespace } from "../json/skip.ts";
import type { MethodDescriptor, Schema } from "../schema/descriptors.ts";
import { beginOutput, finishOutput, output, releaseOutput } from "../wire/binary-writer.ts";
import { MessageType } from "../wire/message.ts";
import { TypeCode } from "../wire/type-code.ts";
import type { EncodedCall } from "./codec.ts";
import { integer } from "./emit.ts";
import { failTooLarge, roomFor } from "./encode-library.ts";
import type { TypeWriters } from "./encode-types.ts";
import { EncodeUnit, type ValueWriter } from "./encode-unit.ts";

const emptyObject = Buffer.from("{}");

/**
 * The encoder of a method's calls, for {@link MethodCodec.encodeJson}. The JSON is scanned once, from bytes to bytes; on a fault
 * it is read again, to find out its place.
 */
export function compileEncoder(writers: TypeWriters, method: MethodDescriptor): (json: Uint8Array) => EncodedCall {
  const { maxDepth, maxCallBytes } = writers.options;
  const header = messageHeader(method);
  const seqidOffset = header.length - 4;
  const takesNothing = writers.schema.structs[method.argumentsIndex]!.fields.length === 0;
  let write: ValueWriter | undefined;

  return (json) => {
    write ??= compileMessage(writers, method, header);
    loadInput(takesNothing && json.length === 0 ? emptyObject : json);
    const start = beginOutput(header.length + roomFor(input.end, maxCallBytes), maxCallBytes);
    try {
      let p = write(input.bytes[0]! <= 32 ? skipWhitespace(0) : 0, start, maxDepth);
      if (p !== input.end) p = skipWhitespace(p);
      if (p !== input.end) failSyntax(p);
      if (output.end > output.limit) failTooLarge(0);
      return { bytes: finishOutput(), seqidOffset };
    } catch (error) {
      resetMembers();
      throw error === mismatch ? explain(maxDepth) : error;
    } finally {
      releaseInput();
      releaseOutput();
    }
  };
}

/** The strict header of the binary protocol; the seqid at its end is 0. */
function messageHeader(method: MethodDescriptor): Buffer {
  const name = Buffer.from(method.name);
  const header = Buffer.alloc(4 + 4 + name.length + 4);
  header.writeUInt32BE(0x8001_0000 + (method.oneway ? MessageType.oneway : MessageType.call));
  header.writeInt32BE(name.length, 4);
  header.set(name, 8);
  return header;
}

/** Where a method takes one struct, the JSON is that struct; else it is an object of the arguments. */
function compileMessage(writers: TypeWriters, method: MethodDescriptor, header: Buffer): ValueWriter {
  const unit = new EncodeUnit();
  const only = onlyStructParameter(writers.schema, method);
  const start = only === undefined ? header : Buffer.concat([header, Buffer.of(TypeCode.struct, only.id >> 8, only.id)]);
  const type = { kind: "struct", index: only === undefined ? method.argumentsIndex : only.index } as const;
  const body = unit.bind(writers.writer(type));
  return unit.compile(`${storeWords(start)}
p=${body}.write(p,o+${integer(start.length)},depth);
${only === undefined ? "" : "output.view.setInt8(output.end++,0);"}`);
}

/** The parameter that stands for the whole body, where there is one. */
export function onlyStructParameter(
  schema: Schema,
  method: MethodDescriptor,
): { readonly id: number; readonly name: string; readonly index: number } | undefined {
  const { fields } = schema.structs[method.argumentsIndex]!;
  const [field] = fields;
  if (fields.length !== 1 || field === undefined || field.type.kind !== "struct") return undefined;
  return { id: field.id, name: fieldJsonName(field), index: field.type.index };
}

/** Statements that store `bytes` (at least four) at `o`; the last word may overlap the one before it. */
function storeWords(bytes: Buffer): string {
  let source = "";
  for (let offset = 0; offset < bytes.length; offset += 4) {
    const from = Math.min(offset, bytes.length - 4);
    source += `x.setInt32(o+${integer(from)},${integer(bytes.readInt32BE(from))});`;
  }
  return source;
}
