import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface CuttingProxy {
  /** Of the proxy. */
  readonly host: string;
  /** The next answer of at least this many bytes, on whatever connection, ends after as many, and the connection with it. */
  cutNextAnswerAfter(bytes: number): void;
  /** Answers that were cut. */
  readonly cuts: number;
  /** Ends all connections; until `restore`, new ones end at once. */
  interrupt(): void;
  restore(): void;
}

/** Stands before a server, until the end of the running test. */
export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const [host, port] = target.split(":");
  const sockets = new Set<Socket>();
  let cutAfter: number | undefined;
  let cuts = 0;
  let interrupted = false;

  const server = createServer((client) => {
    if (interrupted) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(port), host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (chunk: Buffer) => {
      if (cutAfter === undefined || chunk.length < cutAfter) {
        client.write(chunk);
        return;
      }
      const part = chunk.subarray(0, cutAfter);
      cutAfter = undefined;
      cuts += 1;
      client.end(part, () => client.destroy());
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    host: `127.0.0.1:${(server.address() as { port: number }).port}`,
    cutNextAnswerAfter(bytes) {
      cutAfter = bytes;
    },
    get cuts() {
      return cuts;
    },
    interrupt() {
      interrupted = true;
      for (const socket of sockets) socket.destroy();
    },
    restore() {
      interrupted = false;
    },
  };
}
