import type { AddressInfo, Server } from "node:net";

/** Listens on a free port, and says so in the one line that the bench waits for. */
export function announceReady(server: Server, scheme: "http" | "tcp"): void {
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`${JSON.stringify({ event: "ready", url: `${scheme}://127.0.0.1:${port}`, pid: process.pid })}\n`);
  });
}
