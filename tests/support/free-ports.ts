import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Below those that the system gives to clients: none of them takes one before its server does, or while that is restarted. */
const FIRST = 20_000;
const COUNT = 12_000;

/** Ports of this machine for servers that can't pick one themselves. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  const ports: number[] = [];
  while (ports.length < count) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch {
      continue;
    }
    servers.push(server);
    ports.push(port);
  }
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
