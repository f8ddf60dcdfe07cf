import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { joinGateway } from "@thriftgate/server-utils";
import { createServer, TBinaryProtocol, TBufferedTransport, TFramedTransport } from "thrift";
import { UserServiceProcessor } from "./user-service.ts";
import { createUserStore } from "./user-store.ts";

const { values: options } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "0" },
    gateway: { type: "string", multiple: true },
    // Better in the environment: anybody on the machine can read a command line.
    "api-key": { type: "string", default: process.env.API_KEY },
    transport: { type: "string", default: "framed" },
    "data-dir": { type: "string" },
  },
});
const transport = options.transport === "buffered" ? "buffered" : "framed";

const users = createUserStore(options["data-dir"] ?? createTemporaryDirectory());
const server = createServer(UserServiceProcessor, users, {
  transport: transport === "buffered" ? TBufferedTransport : TFramedTransport,
  protocol: TBinaryProtocol,
});
// The server also tells of each connection that broke, and of each message that it could not read.
server.on("error", (error) => {
  console.error(`user-service: ${error.message}`);
  if (!server.listening) process.exit(1);
});
server.listen(Number(options.port), options.host, () => {
  const { address, port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ event: "ready", service: "UserService", address, port, pid: process.pid }));
});

const membership =
  options.gateway &&
  joinGateway({
    gateways: options.gateway,
    apiKey: options["api-key"] ?? "",
    service: "UserService",
    address: options.host,
    server,
    dialect: { transport },
    leaveOnSignals: [],
  });
membership?.on("joined", (serverId, gateway) => console.error(`user-service: joined ${gateway} as ${serverId}`));
membership?.on("lost", (error) => console.error(`user-service: ${error.message}`));
membership?.on("refused", (error) => console.error(`user-service: ${error.message}`));

/** First no new calls, then the end of those under way. */
async function stop(): Promise<void> {
  await membership?.leave();
  server.close(() => process.exit());
  setTimeout(() => process.exit(), 2_000).unref();
}
process.once("SIGTERM", () => void stop());
process.once("SIGINT", () => void stop());
// Started by another program, it ends with that, which may be over already.
if (process.connected === false) void stop();
else process.once("disconnect", () => void stop());

function createTemporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "user-service-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
