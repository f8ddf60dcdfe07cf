import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface CountingProxy {
  readonly url: string;
  /** Connections that are open. */
  readonly open: number;
  /** The most that were open at once. */
  readonly most: number;
  /** That came in so far. */
  readonly bytes: number;
  close(): Promise<void>;
}

/** Passes bytes on to `url`, and counts them and the connections. */
export async function startCountingProxy(url: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let most = 0;
  let bytes = 0;
  const server = createServer((socket) => {
    const onward = connect(Number(port), hostname);
    sockets.add(socket);
    most = Math.max(most, sockets.size);
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      from.pipe(to);
      from.on("error", () => to.destroy()).on("close", () => to.destroy());
    }
    socket.on("data", (chunk) => {
      bytes += chunk.length;
    });
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    get open() {
      return sockets.size;
    },
    get most() {
      return most;
    },
    get bytes() {
      return bytes;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
