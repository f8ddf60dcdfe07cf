import type { FieldSource } from "../json/field-mapping.ts";
import type { MethodDescriptor, Schema } from "../schema/descriptors.ts";
import { compileDecoder } from "./decode.ts";
import { Readers } from "./decode-readers.ts";
import { compileEncoder } from "./encode.ts";
import { createHttpEncoder, type HttpRequest } from "./encode-http.ts";
import { createTextEncoder, type TextEncoder } from "./encode-text.ts";
import { TypeWriters } from "./encode-types.ts";
import { bindingsOf, type HttpBindings } from "./http-bindings.ts";
import { createReplySplitter, type HttpReply } from "./http-reply.ts";

/** How a service wants its JSON; the rules are those of docs/mapping.md. */
export interface CodecOptions {
  /** i64 in replies: digits, or a string of digits. Default "number". */
  readonly i64: "number" | "string";
  /** Enums in replies: their number or their name. Default "number". */
  readonly enums: "number" | "name";
  /** Keys that the IDL does not know, in requests. Default "ignore". */
  readonly unknownFields: "ignore" | "reject";
  /** Numeric strings for numbers, a scalar for a one-element list, anything for a string. Default false. */
  readonly lenient: boolean;
  /** Nesting of JSON and of Thrift values. Default 64. */
  readonly maxDepth: number;
  /** One encoded call. Default 16,384,000 bytes, the default frame bound of Apache's servers. */
  readonly maxCallBytes: number;
  /** One reply as JSON. Default 32 MiB. */
  readonly maxReplyJsonBytes: number;
}

/** One call as a Thrift message without a frame. Immutable: a retry sends the same bytes, the connection writes the seqid into its own copy. */
export interface EncodedCall {
  readonly bytes: Uint8Array;
  /** Where the 4-byte big-endian seqid stands in `bytes`; it holds 0. */
  readonly seqidOffset: number;
}

/** What a reply message holds. `json` is UTF-8 and valid until the next decode, of any codec: copy or write it at once. */
export type DecodedReply =
  | { readonly kind: "value"; readonly json: Uint8Array }
  | { readonly kind: "exception"; readonly fieldId: number; readonly typeName: string; readonly json: Uint8Array };

/** The compiled codec of one method. */
export interface MethodCodec {
  readonly method: MethodDescriptor;
  /**
   * JSON text → call. `json` is the whole body; zero bytes stand for `{}` where the method takes no parameter.
   * @throws {RequestFault}
   */
  encodeJson(json: Uint8Array): EncodedCall;
  /**
   * Decoded name–value pairs of a query string → call, converted by the IDL's types; `a.b` reaches a nested field,
   * a repeated name is a list.
   * @throws {RequestFault} its pointer names the argument
   */
  encodeText(pairs: readonly (readonly [name: string, value: string])[]): EncodedCall;
  /**
   * The result struct that starts at `offset` and must end at `end` → JSON.
   * @throws {ReplyFault}
   */
  decodeResult(message: Uint8Array, offset: number, end: number): DecodedReply;
  /** `undefined`: no annotation says that anything of it stands elsewhere than in a JSON body or in a query. */
  readonly http?: HttpCodec | undefined;
}

/** What a method that is annotated for HTTP asks of a request and an answer. */
export interface HttpCodec {
  /** Parts of a request that its fields name. */
  readonly sources: ReadonlySet<FieldSource["kind"]>;
  /** @throws {RequestFault} its pointer names the field of the body, or the argument, parameter, header … */
  encode(request: HttpRequest): EncodedCall;
  /**
   * A result's JSON → the parts of an answer; `undefined`: it is the whole answer.
   * @throws {ReplyFault}
   */
  readonly split: ((json: Uint8Array) => HttpReply) | undefined;
}

/** Codecs of one service, each compiled at its first use. */
export interface ServiceCodec {
  /** `undefined`: the service has no such method. */
  method(name: string): MethodCodec | undefined;
}

const defaultOptions: CodecOptions = {
  i64: "number",
  enums: "number",
  unknownFields: "ignore",
  lenient: false,
  maxDepth: 64,
  maxCallBytes: 16_384_000,
  maxReplyJsonBytes: 33_554_432,
};

/**
 * Codecs of the service `serviceName` of `schema`; methods share the code that is generated for its types.
 * @throws {TypeError} the schema has no such service
 */
export function createServiceCodec(schema: Schema, serviceName: string, options: Partial<CodecOptions> = {}): ServiceCodec {
  const service = schema.services.find(({ name }) => name === serviceName);
  if (service === undefined) throw new TypeError(`The schema has no service ${serviceName}.`);
  const complete: CodecOptions = { ...defaultOptions, ...options };
  const writers = new TypeWriters(schema, complete);
  const readers = new Readers(schema, complete);
  const methods = new Map(service.methods.map((method) => [method.name, method]));
  const codecs = new Map<string, MethodCodec>();
  return {
    method(name) {
      let codec = codecs.get(name);
      if (codec === undefined) {
        const method = methods.get(name);
        if (method === undefined) return undefined;
        codec = createMethodCodec(writers, readers, method);
        codecs.set(name, codec);
      }
      return codec;
    },
  };
}

function createMethodCodec(writers: TypeWriters, readers: Readers, method: MethodDescriptor): MethodCodec {
  const encodeJson = compileEncoder(writers, method);
  const text = createTextEncoder(writers.schema, writers.options, method, encodeJson);
  return {
    method,
    encodeJson,
    encodeText: text.encodeText,
    decodeResult: compileDecoder(readers, method),
    http: createHttpCodec(bindingsOf(writers.schema, method), writers.options, text, encodeJson),
  };
}

function createHttpCodec(
  bindings: HttpBindings,
  options: CodecOptions,
  text: TextEncoder,
  encodeJson: MethodCodec["encodeJson"],
): HttpCodec | undefined {
  if (bindings.sources.length === 0 && bindings.targets.length === 0) return undefined;
  return {
    sources: new Set(bindings.sources.flatMap(({ sources }) => sources.map(({ kind }) => kind))),
    encode: createHttpEncoder(bindings, options, text, encodeJson),
    split: createReplySplitter(bindings),
  };
}
