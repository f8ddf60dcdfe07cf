import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { idl, paths, serviceName } from "../fixtures/calls.ts";
import { type Core, type Started, startNode } from "../run/processes.ts";
import { root, type StartContestant } from "./contestant.ts";

/** What differs from how a user starts the gateway. */
export interface GatewayStart {
  /** Of Node. */
  readonly nodeOptions?: readonly string[];
  /** Of `thriftgate start`. */
  readonly options?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** The gateway as a user starts it, all by default but its ports. */
export function startGateway(
  dataDir: string,
  core: Core,
  { nodeOptions = [], options = [], env = {} }: GatewayStart = {},
): Promise<Started> {
  const ports = ["--port", "0", "--admin-port", "0", "--data-dir", dataDir];
  return startNode(core, [...nodeOptions, join(root, "gateway/dist/main.js"), "start", ...ports, ...options], env);
}

/** Of the control plane, as JSON; fails unless it is done. */
export async function send(
  url: string,
  path: string,
  body: unknown,
  { method = "POST", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Record<string, string>> {
  const response = await fetch(url + path, {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** Registers the service `Bench`; its one instance is the backend. */
export async function registerBench(url: string, backendPort: number): Promise<void> {
  const service = { ServiceId: "1", ServiceName: serviceName, IdlContent: idl, Paths: paths };
  const answered = await send(url, "/register", [{ OwnerName: "Bench", OwnerId: "bench", Services: [service] }]);
  await send(url, "/connect", {
    ApiKey: answered["API-Key"],
    ServiceName: serviceName,
    ServerAddress: "127.0.0.1",
    ServerPort: String(backendPort),
  });
}

export function thriftgateWith(start: GatewayStart): StartContestant {
  return async (backendPort, _call, core) => {
    const dataDir = mkdtempSync(join(tmpdir(), "bench-gateway-"));
    const server = await startGateway(dataDir, core, start);
    await registerBench(server.ready.url, backendPort);
    return {
      server,
      async stop() {
        await server.stop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  };
}

export const startThriftgate = thriftgateWith({});
