import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { CallFormat, Dialect } from "@thriftgate/thrift";
import type { Call } from "./call.ts";
import type { CallList } from "./call-list.ts";
import { isCopied, patchedHead, tailAfterHead, type WriteBatch } from "./write-batch.ts";

const maxSeqid = 0x7fff_ffff;

/**
 * Hands a connection's calls to its socket: all that came in one turn of the event loop in one write, numbered in their
 * order. While the kernel takes no more, calls wait unsent, so what is buffered is a batch, or one large call.
 */
export class CallWriter {
  readonly #socket: Socket;
  readonly #calls: CallList;
  readonly #batch: WriteBatch;
  readonly #framed: boolean;
  readonly #encrypted: boolean;
  /** `undefined`: calls go as they were encoded. */
  readonly #format: CallFormat | undefined;
  readonly #onWritten: (first: Call) => void;
  #lastSeqid = 0;
  #scheduled: boolean = false;
  #blocked: boolean = false;

  /** `onWritten`: this unsent call, and maybe some behind it, is sent now. */
  constructor(
    socket: Socket,
    calls: CallList,
    batch: WriteBatch,
    { transport }: Dialect,
    format: CallFormat | undefined,
    onWritten: (first: Call) => void,
  ) {
    this.#socket = socket;
    this.#encrypted = socket instanceof TLSSocket;
    this.#calls = calls;
    this.#batch = batch;
    this.#framed = transport === "framed";
    this.#format = format;
    this.#onWritten = onWritten;
  }

  hasIssued(seqid: number): boolean {
    return seqid > 0 && seqid <= this.#lastSeqid;
  }

  /**
   * Writes at the end of this turn. `nextTick` would come too soon: other sockets' callers have not been read then. A lone call is no faster when it
   * is written at once, but lost where this turn holds the end of the connection: unsent, it goes out on another.
   */
  schedule(): void {
    if (this.#scheduled || this.#blocked) return;
    this.#scheduled = true;
    setImmediate(this.flush);
  }

  readonly flush = (): void => {
    this.#scheduled = false;
    const first = this.#calls.firstUnsent;
    if (first === undefined || this.#socket.destroyed) return;
    while (this.#takeNext()) {}
    this.#writeBatch();
    if (first.seqid !== 0) this.#onWritten(first);
  };

  /** The next call into the batch, or to the socket where it does not fit. `false`: there is none, or no room for it. */
  #takeNext(): boolean {
    const call = this.#calls.firstUnsent;
    if (call?.encoded === undefined || this.#blocked) return false;
    const { bytes, seqidOffset } = call.encoded;
    if (this.#format !== undefined) {
      this.#takeFormatted(call, this.#format, bytes);
    } else if (isCopied(bytes) && this.#batch.hasRoom(bytes)) {
      this.#calls.markSent(call, this.#nextSeqid());
      this.#batch.append(bytes, seqidOffset, call.seqid, this.#framed);
    } else if (this.#batch.isEmpty) {
      this.#calls.markSent(call, this.#nextSeqid());
      this.#writeLarge(call.seqid, bytes, seqidOffset);
    } else {
      this.#writeBatch();
    }
    return true;
  }

  /** Its size is known only when it is written; large ones are on their way before the next. */
  #takeFormatted(call: Call, format: CallFormat, encoded: Uint8Array): void {
    this.#calls.markSent(call, this.#nextSeqid());
    const bytes = format(encoded, call.seqid, call.observer);
    if (isCopied(bytes) && this.#batch.hasRoom(bytes)) {
      this.#batch.appendWhole(bytes);
    } else {
      this.#writeBatch();
      this.#write(bytes);
    }
  }

  #nextSeqid(): number {
    this.#lastSeqid = this.#lastSeqid === maxSeqid ? 1 : this.#lastSeqid + 1;
    return this.#lastSeqid;
  }

  #writeBatch(): void {
    if (this.#batch.isEmpty) return;
    const bytes = this.#batch.take();
    // TLS takes its time each time: what it holds is a copy, as small as can be.
    this.#write(this.#encrypted ? Buffer.from(bytes) : bytes);
    if (this.#blocked && !this.#encrypted) this.#batch.replaceBuffer();
  }

  #writeLarge(seqid: number, bytes: Uint8Array, seqidOffset: number): void {
    this.#socket.cork();
    this.#socket.write(patchedHead(bytes, seqidOffset, seqid, this.#framed));
    this.#write(tailAfterHead(bytes, seqidOffset));
    this.#socket.uncork();
    this.#blocked = this.#socket.writableLength > 0;
  }

  #write(bytes: Uint8Array): void {
    this.#socket.write(bytes, this.#onTaken);
    this.#blocked = this.#socket.writableLength > 0;
  }

  readonly #onTaken = (): void => {
    if (!this.#blocked || this.#socket.writableLength > 0) return;
    this.#blocked = false;
    this.flush();
  };
}
