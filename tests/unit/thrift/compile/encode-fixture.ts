import {
  type CodecOptions,
  createServiceCodec,
  type EncodedCall,
  type MethodCodec,
} from "../../../../thrift/src/compile/codec.ts";
import { RequestFault } from "../../../../thrift/src/json/request-fault.ts";
import { compileIdl } from "../../../../thrift/src/schema/compile-idl.ts";
import type { Schema } from "../../../../thrift/src/schema/descriptors.ts";

export function schemaOf(idl: string): Schema {
  const result = compileIdl({ "test.thrift": idl }, "test.thrift");
  if (!result.ok) throw new Error(result.faults.map((fault) => `${fault.line}:${fault.column} ${fault.message}`).join("\n"));
  return result.schema;
}

/** The codec of the method `call` of the last service. */
export function codecOf(idl: string, options?: Partial<CodecOptions>): MethodCodec {
  const schema = schemaOf(idl);
  return createServiceCodec(schema, schema.services.at(-1)!.name, options).method("call")!;
}

/** Of a service whose method `call` takes one struct `S` with the field `1: <type> f`. */
export function codecOfField(type: string, options?: Partial<CodecOptions>, more = ""): MethodCodec {
  return codecOf(`${more} struct S { 1: ${type} f } service T { void call(1: S s) }`, options);
}

/** What follows the header of a message, in hex: the struct of the arguments. */
export function argumentsHex(call: EncodedCall): string {
  return Buffer.from(call.bytes.subarray(call.seqidOffset + 4)).toString("hex");
}

/** The value of the field `f` of {@link codecOfField} in hex, or "" where it is not sent. */
export function fieldHex(codec: MethodCodec, json: string | Uint8Array): string {
  const hex = argumentsHex(codec.encodeJson(typeof json === "string" ? Buffer.from(json) : json));
  if (!hex.startsWith("0c0001") || !hex.endsWith("0000")) throw new Error(`not one struct: ${hex}`);
  return hex.slice("0c0001".length, -"0000".length).slice("xx0001".length);
}

export function faultOf(run: () => unknown): RequestFault {
  try {
    run();
  } catch (error) {
    if (error instanceof RequestFault) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** Code and pointer of the fault, as `CODE /pointer`. */
export function refusal(run: () => unknown): string {
  const fault = faultOf(run);
  return `${fault.code} ${fault.pointer}`;
}

/** A Thrift string in hex: its length and its bytes. */
export function stringHex(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length.toString(16).padStart(8, "0") + bytes.toString("hex");
}
