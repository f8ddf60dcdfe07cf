import { PendingBytes } from "./pending-bytes.ts";
import { ReplyFault } from "./reply-fault.ts";
import { readInt32 } from "./skip.ts";
import { StructWalker } from "./struct-walker.ts";

/**
 * Called with each whole message, and with the key-values that came beside it in a header transport, if any; the view is valid
 * only during the call. What it throws ends the reader.
 */
export type OnMessage = (bytes: Uint8Array, offset: number, end: number, headers?: ReadonlyMap<string, string>) => void;

/**
 * Cuts an instance's byte stream into messages, whatever the chunks. Nothing is allocated for a size that was only
 * declared; time is linear in the bytes, also when they drip one by one. A chunk may be reused after `push`.
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
export function createFramedReader(onMessage: OnMessage, options: MessageReaderOptions): MessageReader {
  return new FramedReader(onMessage, options);
}

/** Messages of the binary protocol one behind the other, without a length: their end is found by walking their structs, resumably. */
export function createBufferedReader(onMessage: OnMessage, options: MessageReaderOptions): MessageReader {
  return new BufferedReader(onMessage, options);
}

/** What all readers share: a message that did not come whole, and that nothing follows a failure. */
export abstract class ReaderOfChunks implements MessageReader {
  protected readonly onMessage: OnMessage;
  protected readonly pending = new PendingBytes();
  #state: "open" | "failed" = "open";

  constructor(onMessage: OnMessage) {
    this.onMessage = onMessage;
  }

  get midMessage(): boolean {
    return this.pending.length > 0;
  }

  push(chunk: Uint8Array): void {
    if (this.#state === "failed") throw new ReplyFault("MALFORMED", "the stream failed before");
    this.#state = "failed";
    let at = 0;
    if (this.pending.length > 0) at = this.continueMessage(chunk);
    if (this.pending.length === 0) at = this.takeMessages(chunk, at);
    if (at < chunk.length) this.pending.append(chunk, at, chunk.length);
    this.#state = "open";
  }

  /** Adds to the pending message, hands it over if it is whole, and returns how much of the chunk was taken. */
  protected abstract continueMessage(chunk: Uint8Array): number;
  /** Hands over the messages that are whole in the chunk from `start`, and returns where the first that is not begins. */
  protected abstract takeMessages(chunk: Uint8Array, start: number): number;
}

const lengthBytes = 4;

class FramedReader extends ReaderOfChunks {
  readonly #maxMessageBytes: number;

  constructor(onMessage: OnMessage, { maxMessageBytes }: MessageReaderOptions) {
    super(onMessage);
    this.#maxMessageBytes = maxMessageBytes;
  }

  protected override takeMessages(chunk: Uint8Array, start: number): number {
    let at = start;
    while (chunk.length - at >= lengthBytes) {
      const end = at + lengthBytes + this.#sizeAt(chunk, at);
      if (end > chunk.length) break;
      this.onMessage(chunk, at + lengthBytes, end);
      at = end;
    }
    return at;
  }

  protected override continueMessage(chunk: Uint8Array): number {
    const { pending } = this;
    let taken = 0;
    if (pending.length < lengthBytes) {
      taken = Math.min(lengthBytes - pending.length, chunk.length);
      pending.append(chunk, 0, taken);
      if (pending.length < lengthBytes) return taken;
    }
    const end = lengthBytes + this.#sizeAt(pending.bytes, 0);
    const rest = Math.min(end - pending.length, chunk.length - taken);
    pending.append(chunk, taken, taken + rest);
    if (pending.length < end) return taken + rest;
    this.onMessage(pending.bytes, lengthBytes, end);
    pending.clear();
    return taken + rest;
  }

  #sizeAt(bytes: Uint8Array, at: number): number {
    const size = readInt32(bytes, at);
    if (size <= 0) throw new ReplyFault("MALFORMED", `a frame of ${size} bytes`);
    if (size === httpFrameSize) throw new ReplyFault("MALFORMED", "the instance speaks HTTP");
    if (size > this.#maxMessageBytes) throw new ReplyFault("TOO_LARGE", `a frame of ${size} bytes`);
    return size;
  }
}

/** "HTTP" as a length. */
const httpFrameSize = 0x48545450;

class BufferedReader extends ReaderOfChunks {
  readonly #walker: StructWalker;

  constructor(onMessage: OnMessage, { maxMessageBytes, maxDepth }: MessageReaderOptions) {
    super(onMessage);
    this.#walker = new StructWalker(maxMessageBytes, maxDepth);
  }

  protected override takeMessages(chunk: Uint8Array, start: number): number {
    let at = start;
    while (at < chunk.length) {
      const size = this.#walker.walk(chunk, at, chunk.length);
      if (size === 0) break;
      this.onMessage(chunk, at, at + size);
      at += size;
    }
    return at;
  }

  protected override continueMessage(chunk: Uint8Array): number {
    const { pending } = this;
    const before = pending.length;
    pending.append(chunk, 0, chunk.length);
    const size = this.#walker.walk(pending.bytes, 0, pending.length);
    if (size === 0) return chunk.length;
    this.onMessage(pending.bytes, 0, size);
    pending.clear();
    return size - before;
  }
}
