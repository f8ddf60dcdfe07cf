export {
  type CodecOptions,
  createServiceCodec,
  type DecodedReply,
  type EncodedCall,
  type HttpCodec,
  type MethodCodec,
  type ServiceCodec,
} from "./compile/codec.ts";
export type { HttpRequest } from "./compile/encode-http.ts";
export { bindingsOf, type HttpBindings } from "./compile/http-bindings.ts";
export type { HttpReply } from "./compile/http-reply.ts";
export type { IdlFault, IdlFaultCode } from "./idl/fault.ts";
export { RequestFault, type RequestFaultCode } from "./json/request-fault.ts";
export { assertStrictJson } from "./json/strict-json.ts";
export { compileIdl, type IdlFiles, type IdlLimits, type IdlOptions, type IdlResult } from "./schema/compile-idl.ts";
export type {
  Annotations,
  Constant,
  EnumDescriptor,
  FieldDescriptor,
  MethodDescriptor,
  Schema,
  ServiceDescriptor,
  StructDescriptor,
  TypeDescriptor,
} from "./schema/descriptors.ts";
export type { CallMetadata, MetadataSource } from "./wire/call-metadata.ts";
export { type CallFormat, createCallFormat } from "./wire/create-call-format.ts";
export { createMessageReader } from "./wire/create-message-reader.ts";
export type { Dialect, Protocol, Transport } from "./wire/dialect.ts";
export {
  type ApplicationException,
  type MessageHeader,
  MessageType,
  readApplicationException,
  readMessageHeader,
} from "./wire/message.ts";
export type { MessageReader, MessageReaderOptions, OnMessage } from "./wire/message-reader.ts";
export { ReplyFault, type ReplyFaultCode } from "./wire/reply-fault.ts";
