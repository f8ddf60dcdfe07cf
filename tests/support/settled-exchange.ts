import { subscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** So many turns of the event loop without a byte or a call: nothing more will come by itself. */
const quietTurns = 12;
/** On the busiest machine. */
const longestMs = 20_000;

/** Server sides of the connections within this process, by the port of their client. */
const accepted = new Map<number, Socket>();
subscribe("net.server.socket", (message) => {
  const { socket } = message as { socket: Socket };
  const port = socket.remotePort;
  if (port === undefined) return;
  accepted.set(port, socket);
  socket.once("close", () => accepted.delete(port));
});

/** A connection to a server in this process, which is seen from both ends: so it is known when all is said, without a clock. */
export class SettledConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  #received = "";
  #ended: boolean = false;

  private constructor(client: Socket, server: Socket) {
    this.#client = client;
    this.#server = server;
    client.on("data", (chunk: Buffer) => {
      this.#received += chunk.toString("latin1");
    });
    const ended = () => {
      this.#ended = true;
    };
    client.on("end", ended);
    client.on("close", ended);
    // A reset is an end.
    client.on("error", () => undefined);
  }

  static async open(port: number): Promise<SettledConnection> {
    const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(client, "connect");
    let server = accepted.get(client.localPort!);
    for (; server === undefined; server = accepted.get(client.localPort!)) await new Promise(setImmediate);
    return new SettledConnection(client, server);
  }

  /** All that came since it was last asked, once nothing more comes. */
  async take(): Promise<string> {
    await this.settle();
    const taken = this.#received;
    this.#received = "";
    return taken;
  }

  /** The server has ended its half. */
  get ended(): boolean {
    return this.#ended;
  }

  async send(bytes: Buffer): Promise<void> {
    if (!this.#client.writable) return;
    this.#client.write(bytes);
    await this.settle(2);
  }

  async end(): Promise<void> {
    this.#client.end();
    await this.settle();
  }

  close(): void {
    this.#client.destroy();
  }

  async settle(turns = quietTurns): Promise<void> {
    const deadline = performance.now() + longestMs;
    let before = "";
    for (let quiet = 0; quiet < turns; ) {
      if (performance.now() > deadline) throw new Error(`the connection did not come to rest: ${before}`);
      await new Promise(setImmediate);
      const now = [this.#server.bytesRead, this.#server.bytesWritten, this.#ended].join();
      quiet = now === before && this.#nothingUnderWay() ? quiet + 1 : 0;
      before = now;
    }
  }

  /** Between the two ends, in the kernel. */
  #nothingUnderWay(): boolean {
    if (this.#ended) return true;
    const client = this.#client;
    const server = this.#server;
    if (server.destroyed || server.writableEnded) return false;
    if (client.writableEnded && !server.readableEnded) return false;
    return server.bytesRead === client.bytesWritten && server.bytesWritten === client.bytesRead;
  }
}
