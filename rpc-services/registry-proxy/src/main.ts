import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { createServer, TBinaryProtocol, TFramedTransport } from "thrift";
import {
  createLogger,
  createRegistry,
  type InstanceRecord,
  PROXY_MARK,
  PROXY_SERVICE,
  serverIdOf,
  systemClock,
} from "thriftgate/registry";
import { createProxyHandler } from "./proxy-handler.ts";
import { RegistryProxyProcessor } from "./registry-proxy.ts";

const { env } = process;
const { values: options } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "0" },
    // Where gateways reach it, if not at `host`.
    address: { type: "string" },
    registry: { type: "string", default: env.THRIFTGATE_REGISTRY ?? "consul://127.0.0.1:8500" },
    "time-to-live": { type: "string", default: env.THRIFTGATE_TIME_TO_LIVE_SECONDS ?? "45" },
    "time-to-die": { type: "string", default: env.THRIFTGATE_TIME_TO_DIE_SECONDS ?? "90" },
  },
});
// In the environment alone: anybody on the machine can read a command line.
const secret = env.THRIFTGATE_PROXY_SECRET ?? "";
const timeToLiveSeconds = Number(options["time-to-live"]);
const timeToDieSeconds = Number(options["time-to-die"]);

refuseUnless(secret.length >= 16, "THRIFTGATE_PROXY_SECRET must be the gateways' proxySecret, at least 16 characters");
refuseUnless(/^consul(\+tls)?:\/\/./.test(options.registry), 'the registry must be a Consul, like "consul://127.0.0.1:8500"');
refuseUnless(timeToLiveSeconds >= 1 && timeToDieSeconds >= 1, "time-to-live and time-to-die must be seconds, as the gateways'");

const registry = createRegistry(
  {
    registry: options.registry,
    dataDir: "",
    timeToLiveSeconds,
    timeToDieSeconds,
    consulToken: env.THRIFTGATE_CONSUL_TOKEN,
    consulCaFile: env.THRIFTGATE_CONSUL_CA_FILE,
    consulCertFile: env.THRIFTGATE_CONSUL_CERT_FILE,
    consulKeyFile: env.THRIFTGATE_CONSUL_KEY_FILE,
    consulServerName: env.THRIFTGATE_CONSUL_SERVER_NAME,
  },
  { clock: systemClock, logger: createLogger({ level: "warn" }) },
);
const handler = createProxyHandler({ registry, secret, timeToLiveSeconds, timeToDieSeconds });
const server = createServer(RegistryProxyProcessor, handler, { transport: TFramedTransport, protocol: TBinaryProtocol });
// The server also tells of each connection that broke, and of each message that it could not read.
server.on("error", (error) => {
  console.error(`registry-proxy: ${error.message}`);
  if (!server.listening) process.exit(1);
});

/** After a failure; else it beats three times in its time to live. */
const RETRY_MS = 1_000;
let serverId = "";
let timer: NodeJS.Timeout | undefined;
let isStopping = false;

server.listen(Number(options.port), options.host, async () => {
  const { address: host, port } = server.address() as AddressInfo;
  const address = options.address ?? options.host;
  serverId = serverIdOf(PROXY_SERVICE, address, port);
  await registry.open();
  await stay({ serverId, serviceName: PROXY_SERVICE, address, port, weight: 1, meta: { proxy: PROXY_MARK } });
  console.log(JSON.stringify({ event: "ready", service: PROXY_SERVICE, address: host, port, pid: process.pid }));
});

/** In Consul, also when that forgets it or is away for a while. */
async function stay(record: InstanceRecord): Promise<void> {
  let nextMs = (timeToLiveSeconds * 1_000) / 3;
  try {
    const isKnown = await registry.beat(serverId);
    if (!isKnown && !isStopping) await registry.join(record);
  } catch (error) {
    console.error(`registry-proxy: ${(error as Error).message}`);
    nextMs = RETRY_MS;
  }
  if (!isStopping) timer = setTimeout(() => void stay(record), nextMs);
}

/** First no new calls, then the end of those under way. */
async function stop(): Promise<void> {
  isStopping = true;
  clearTimeout(timer);
  await registry.leave(serverId).catch((error: Error) => console.error(`registry-proxy: ${error.message}`));
  server.close(() => process.exit());
  setTimeout(() => process.exit(), 2_000).unref();
}
process.once("SIGTERM", () => void stop());
process.once("SIGINT", () => void stop());

function refuseUnless(condition: boolean, message: string): void {
  if (condition) return;
  console.error(`registry-proxy: ${message}`);
  process.exit(2);
}
