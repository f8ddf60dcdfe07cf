/** TMessageType. */
export const MessageType = { call: 1, reply: 2, exception: 3, oneway: 4 } as const;

/** The header of a message in the binary protocol, strict or old, and where its body starts. */
export interface MessageHeader {
  readonly type: number;
  readonly name: string;
  readonly seqid: number;
  readonly bodyOffset: number;
}

/**
 * Reads the header at `offset`.
 * @throws {ReplyFault} truncated, unknown version or type, a name over 256 bytes
 */
export const readMessageHeader: (bytes: Uint8Array, offset: number, end: number) => MessageHeader = () => {
  throw new Error("to be built");
};

/** A TApplicationException: type 0 when absent, "" when it has no message; the message is for logs alone. */
export interface ApplicationException {
  readonly type: number;
  readonly message: string;
}

/** @throws {ReplyFault} */
export const readApplicationException: (bytes: Uint8Array, offset: number, end: number) => ApplicationException = () => {
  throw new Error("to be built");
};
