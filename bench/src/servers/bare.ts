/** The yardstick: node:http, one fixed answer, reads the body and calls nothing. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const body = process.env.BENCH_ANSWER ?? '{"Ok":true,"Msg":"insert success"}';

const server = createServer((request, response) => {
  request.on("data", () => {});
  request.on("end", () => {
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ event: "ready", url: `http://127.0.0.1:${port}`, pid: process.pid })}\n`);
});
