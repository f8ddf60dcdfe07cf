import { CompactReader } from "./compact-reader.ts";
import { type MessageReaderOptions, type OnMessage, ReaderOfChunks } from "./message-reader.ts";
import { ReplyFault, truncated } from "./reply-fault.ts";

/** Takes whole messages of the compact protocol and hands them on in the binary one. */
export function fromCompact(onMessage: OnMessage, { maxMessageBytes, maxDepth }: MessageReaderOptions): OnMessage {
  const reader = new CompactReader(maxMessageBytes, maxDepth);
  return (bytes, offset, end, headers) => {
    const taken = reader.take(bytes, offset, end);
    if (reader.isInside || reader.length === 0) throw truncated();
    if (taken !== end) throw new ReplyFault("MALFORMED", "bytes follow the message");
    onMessage(reader.bytes, 0, reader.length, headers);
    reader.reset();
  };
}

/** Messages of the compact protocol one behind the other, without a length; they come out in the binary one. */
export class CompactBufferedReader extends ReaderOfChunks {
  readonly #reader: CompactReader;

  constructor(onMessage: OnMessage, { maxMessageBytes, maxDepth }: MessageReaderOptions) {
    super(onMessage);
    this.#reader = new CompactReader(maxMessageBytes, maxDepth);
  }

  override get midMessage(): boolean {
    return this.#reader.isInside || super.midMessage;
  }

  protected override takeMessages(chunk: Uint8Array, start: number): number {
    return this.#take(chunk, start, chunk.length);
  }

  protected override continueMessage(chunk: Uint8Array): number {
    const { pending } = this;
    pending.append(chunk, 0, chunk.length);
    pending.drop(this.#take(pending.bytes, 0, pending.length));
    return chunk.length;
  }

  #take(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const next = this.#reader.take(bytes, at, end);
      if (this.#reader.isInside || next === at) return next;
      at = next;
      this.onMessage(this.#reader.bytes, 0, this.#reader.length);
      this.#reader.reset();
    }
    return at;
  }
}
