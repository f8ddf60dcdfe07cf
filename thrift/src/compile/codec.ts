import type { MethodDescriptor, Schema } from "../schema/descriptors.ts";

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

/** What a reply message holds. `json` is UTF-8 and valid until the next decode of this codec's schema: copy or write it at once. */
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
}

/** Codecs of one service, each compiled at its first use. */
export interface ServiceCodec {
  /** `undefined`: the service has no such method. */
  method(name: string): MethodCodec | undefined;
}

export const createServiceCodec: (schema: Schema, serviceName: string, options?: Partial<CodecOptions>) => ServiceCodec = () => {
  throw new Error("to be built");
};
