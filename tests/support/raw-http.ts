import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** One response as it came, byte for byte. */
export interface RawResponse {
  readonly status: number;
  /** Names in lower case; a repeated one is joined with ", ". */
  readonly headers: Readonly<Partial<Record<string, string>>>;
  readonly body: string;
}

/** A connection that sends whatever bytes it is told to. */
export class RawConnection {
  readonly socket: Socket;
  readonly #closed: Promise<unknown>;
  #received = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  #state: "open" | "ended" = "open";

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#closed = once(socket, "close");
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake?.();
    });
    const ended = () => {
      this.#state = "ended";
      this.#wake?.();
    };
    socket.on("end", ended);
    socket.on("close", ended);
    // A reset is an end; who cares reads `closed`.
    socket.on("error", () => undefined);
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ""));
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  /** Text is sent as latin1: what is written is what goes out. */
  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** The next response; `undefined` when the connection ended before it began. `toHead`: it answers a HEAD. */
  async response(toHead = false): Promise<RawResponse | undefined> {
    const headEnd = await this.#find("\r\n\r\n");
    if (headEnd === -1) return undefined;
    const [statusLine, ...lines] = this.#take(headEnd + 4)
      .toString("latin1")
      .trimEnd()
      .split("\r\n");
    const status = Number(statusLine!.split(" ")[1]);
    const headers: Partial<Record<string, string>> = {};
    for (const line of lines) {
      const name = line.slice(0, line.indexOf(":")).toLowerCase();
      const value = line.slice(line.indexOf(":") + 1).trim();
      headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
    }
    const length = status < 200 || toHead ? 0 : Number(headers["content-length"] ?? 0);
    while (this.#received.length < length && this.#state === "open") await this.#more();
    return { status, headers, body: this.#take(length).toString("utf8") };
  }

  /** Resolves once the other side has closed or reset the connection; what came before is still there. */
  async closed(): Promise<void> {
    await this.#closed;
  }

  /** Whether the other side has ended the connection, waiting for it. */
  async ended(): Promise<boolean> {
    while (this.#state === "open") await this.#more();
    return this.#received.length === 0;
  }

  close(): void {
    this.socket.destroy();
  }

  async #find(text: string): Promise<number> {
    for (;;) {
      const index = this.#received.indexOf(text);
      if (index !== -1 || this.#state === "ended") return index;
      await this.#more();
    }
  }

  #take(length: number): Buffer {
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Sends `bytes` on a connection of its own and reads the first final response. */
export async function exchange(url: string, bytes: string | Uint8Array): Promise<RawResponse | undefined> {
  const connection = await RawConnection.open(url);
  try {
    connection.send(bytes);
    return await connection.response();
  } finally {
    connection.close();
  }
}
