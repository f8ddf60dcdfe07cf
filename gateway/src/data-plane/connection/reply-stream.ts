import {
  createMessageReader,
  type Dialect,
  type MessageReader,
  MessageType,
  type OnMessage,
  ReplyFault,
  readMessageHeader,
} from "@thriftgate/thrift";
import type { GatewayError } from "../../core/errors.ts";
import type { Call } from "./call.ts";
import type { CallList } from "./call-list.ts";
import { badReply, replyTooLarge } from "./connection-errors.ts";

interface ReplyStreamContext {
  readonly maxFrameBytes: number;
  readonly maxDepth: number;
}

/** Who the replies are for. */
export interface ReplyReceiver {
  /** No more is wanted: what is left of a chunk is dropped. */
  readonly state: string;
  onAnswer(
    call: Call,
    type: number,
    bytes: Uint8Array,
    bodyOffset: number,
    end: number,
    headers?: ReadonlyMap<string, string>,
  ): void;
  /** A message that fits no call under way: a second reply perhaps, or something beyond trust. */
  onUnexpected(seqid: number): void;
  /** Bytes came while no call was under way. */
  onUnsolicited(): void;
  /** Nothing that follows can be read. */
  onFault(culprit: Call | undefined, error: GatewayError): void;
}

/** What an instance sends on one connection: finds each reply's call, by its seqid. */
export class ReplyStream {
  readonly #address: string;
  readonly #calls: CallList;
  readonly #receiver: ReplyReceiver;
  readonly #reader: MessageReader;

  constructor(address: string, dialect: Dialect, calls: CallList, context: ReplyStreamContext, receiver: ReplyReceiver) {
    this.#address = address;
    this.#calls = calls;
    this.#receiver = receiver;
    const limits = { maxMessageBytes: context.maxFrameBytes, maxDepth: context.maxDepth };
    this.#reader = createMessageReader(dialect, this.#onMessage, limits);
  }

  read(chunk: Uint8Array): void {
    if (this.#calls.oldestSent === undefined) {
      this.#receiver.onUnsolicited();
      return;
    }
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof ReplyFault)) throw error;
      const toError = error.code === "TOO_LARGE" ? replyTooLarge : badReply;
      this.#receiver.onFault(this.#calls.oldestAwaited(), toError(this.#address, "the reply can't be read", error));
      return;
    }
    if (this.#reader.midMessage && this.#calls.oldestSent === undefined) this.#receiver.onUnsolicited();
  }

  readonly #onMessage: OnMessage = (bytes, offset, end, headers) => {
    if (this.#receiver.state === "closed") return;
    const { seqid, type, name, bodyOffset } = readMessageHeader(bytes, offset, end);
    const call = this.#calls.find(seqid);
    if (call === undefined) {
      this.#receiver.onUnexpected(seqid);
    } else if (name !== call.methodName || (type !== MessageType.reply && type !== MessageType.exception)) {
      this.#receiver.onFault(call, badReply(this.#address, "the reply's name or type is not the call's", undefined));
    } else {
      this.#receiver.onAnswer(call, type, bytes, bodyOffset, end, headers);
    }
  };
}
