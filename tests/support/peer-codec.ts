import type { MethodDescriptor, Schema, TypeDescriptor } from "../../thrift/src/schema/descriptors.ts";
import type { Protocol } from "../../thrift/src/wire/dialect.ts";

/** What a peer is asked: to read a message into values of its own, and to write these again. */
export interface PeerRequest {
  readonly message: Uint8Array;
  readonly read: "call" | "reply";
  readonly from: Protocol;
  /** `value`: the struct alone, in the binary protocol. */
  readonly to: Protocol | "value";
  /** The call becomes the reply that returns its first argument. */
  readonly echo?: boolean;
}

export type PeerAnswer = { readonly message: Buffer } | { readonly refused: string };

/** Somebody else's decoder and encoder, driven by a schema as their generated code would drive them. */
export interface PeerCodec {
  ask(schema: Schema, method: MethodDescriptor, request: PeerRequest): Promise<PeerAnswer>;
}

/** The fields of a reply's struct: the value, and the exceptions. */
export function resultFields({ result, exceptions }: MethodDescriptor): readonly (readonly [id: number, type: TypeDescriptor])[] {
  const declared = exceptions.map(({ id, type }) => [id, type] as const);
  return result === undefined ? declared : [[0, result], ...declared];
}
