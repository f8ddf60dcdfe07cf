import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ConsulProgram } from "./consul-program.ts";
import { freePorts } from "./free-ports.ts";

/** One agent, a server. */
export interface ConsulAgentProcess {
  readonly url: string;
  /** Where its fellows reach it; how Consul names its leader. */
  readonly serverAddress: string;
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  /** With SIGKILL; until it is gone. */
  kill(): Promise<void>;
  /** At the same ports, after `kill`; until it has a leader. Alone, it comes back empty. */
  restart(): Promise<void>;
  /** @throws on any status but 200 */
  api(method: "GET" | "PUT", path: string, body?: unknown, token?: string): Promise<unknown>;
  /** Until the names of the services in the catalog are so. */
  catalogUntil(condition: (services: readonly string[]) => boolean): Promise<void>;
  dispose(): Promise<void>;
}

interface PreparedAgent extends ConsulAgentProcess {
  start(): Promise<void>;
}

type AgentConfig = Readonly<Record<string, unknown>>;

interface Ports {
  readonly http: number;
  readonly server: number;
  readonly serf: number;
}

async function pickPorts(): Promise<Ports> {
  const [http, server, serf] = await freePorts(3);
  return { http: http!, server: server!, serf: serf! };
}

function prepareAgent(program: ConsulProgram, ports: Ports, config: AgentConfig): PreparedAgent {
  const directory = mkdtempSync(join(tmpdir(), "thriftgate-consul-"));
  const isCurrent = Number(program.version.split(".")[1]) >= 14;
  const configFile = join(directory, "config.json");
  const isTls = config.ca_file !== undefined;
  const url = `${isTls ? "https" : "http"}://127.0.0.1:${ports.http}`;
  writeFileSync(
    configFile,
    JSON.stringify({
      node_name: `node-${ports.http}`,
      server: true,
      bind_addr: "127.0.0.1",
      client_addr: "127.0.0.1",
      disable_update_check: true,
      leave_on_terminate: false,
      performance: { raft_multiplier: 1 },
      ports: {
        http: isTls ? -1 : ports.http,
        https: isTls ? ports.http : -1,
        server: ports.server,
        serf_lan: ports.serf,
        serf_wan: -1,
        dns: -1,
        grpc: -1,
        ...(isCurrent ? { grpc_tls: -1 } : {}),
      },
      ...config,
    }),
  );
  const args = ["agent", "-config-file", configFile, "-data-dir", join(directory, "data"), "-log-level", "info"];
  let child: ChildProcess;

  async function start(): Promise<void> {
    const started = spawn(program.path, args, { stdio: ["ignore", "pipe", "pipe"] });
    child = started;
    let log = "";
    await new Promise<void>((ready, failed) => {
      started.once("error", failed);
      started.once("exit", () => failed(new Error(`consul ended by itself: ${log}`)));
      // Read to the end: a full pipe would stop the agent.
      createInterface({ input: started.stderr! }).on("line", (line) => (log = `${log}\n${line}`.slice(-10_000)));
      createInterface({ input: started.stdout! }).on("line", (line) => {
        log = `${log}\n${line}`.slice(-10_000);
        if (line.includes("Synced node info") || line.includes("Synced check") || line.includes("New leader elected")) ready();
      });
    });
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  return {
    url,
    serverAddress: `127.0.0.1:${ports.server}`,
    get pid() {
      return child.pid!;
    },
    signal: (signal) => void child.kill(signal),
    kill,
    start,
    async restart() {
      if (config.bootstrap_expect === 1) rmSync(join(directory, "data"), { recursive: true, force: true });
      await start();
    },
    async api(method, path, body, token) {
      const headers: Record<string, string> = token === undefined ? {} : { "x-consul-token": token };
      const response = await fetch(`${url}${path}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text === "" ? undefined : JSON.parse(text);
    },
    async catalogUntil(condition) {
      for (let index: string | null = "0"; ; ) {
        const response: Response = await fetch(`${url}/v1/catalog/services?wait=5s&index=${index}`);
        if (condition(Object.keys((await response.json()) as object))) return;
        index = response.headers.get("x-consul-index");
      }
    },
    async dispose() {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** An agent alone, which keeps nothing over a restart. */
export async function startConsul(program: ConsulProgram, config: AgentConfig = {}): Promise<ConsulAgentProcess> {
  const agent = prepareAgent(program, await pickPorts(), { bootstrap_expect: 1, ...config });
  await agent.start();
  return agent;
}

export interface ConsulCluster {
  readonly agents: readonly ConsulAgentProcess[];
  /** As one of the agents sees it. */
  leader(): Promise<ConsulAgentProcess>;
  dispose(): Promise<void>;
}

/** Three servers, which keep their data. */
export async function startConsulCluster(program: ConsulProgram): Promise<ConsulCluster> {
  const ports = [await pickPorts(), await pickPorts(), await pickPorts()];
  const config = { bootstrap_expect: 3, retry_join: ports.map(({ serf }) => `127.0.0.1:${serf}`), retry_interval: "1s" };
  const agents = ports.map((each) => prepareAgent(program, each, config));
  await Promise.all(agents.map((agent) => agent.start()));
  return {
    agents,
    async leader() {
      const address = await Promise.any(agents.map((agent) => agent.api("GET", "/v1/status/leader")));
      return agents.find(({ serverAddress }) => serverAddress === address)!;
    },
    async dispose() {
      await Promise.all(agents.map((agent) => agent.dispose()));
    },
  };
}
