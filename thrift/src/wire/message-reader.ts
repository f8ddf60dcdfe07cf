/** Called with each whole message; the view is valid only during the call. */
export type OnMessage = (bytes: Uint8Array, offset: number, end: number) => void;

/**
 * Cuts an instance's byte stream into messages, whatever the chunks. Nothing is allocated for a size that was only
 * declared; time is linear in the bytes, also when they drip one by one.
 */
export interface MessageReader {
  /** @throws {ReplyFault} the stream is beyond repair: a size ≤ 0 or over the bound, a malformed or too deep message */
  push(chunk: Uint8Array): void;
  /** A message has begun and is not whole. */
  readonly midMessage: boolean;
}

export interface MessageReaderOptions {
  /** One message. Default 16,384,000 bytes. */
  readonly maxMessageBytes: number;
  /** Default 64. */
  readonly maxDepth: number;
}

/** Messages behind a 4-byte big-endian length. */
export const createFramedReader: (onMessage: OnMessage, options: MessageReaderOptions) => MessageReader = () => {
  throw new Error("to be built");
};

/** Messages of the binary protocol one behind the other, without a length: their end is found by walking their structs, resumably. */
export const createBufferedReader: (onMessage: OnMessage, options: MessageReaderOptions) => MessageReader = () => {
  throw new Error("to be built");
};
