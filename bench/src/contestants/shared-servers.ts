import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "./contestant.ts";

export interface SharedServer {
  /** As the gateway's `--store` or `--registry` takes it. */
  readonly url: string;
  stop(): Promise<void>;
}

const cache = join(root, ".cache");
const START_MS = 30_000;

/** A MongoDB server on a free port: one member of a set, which has change streams, or standalone, which has none. */
export async function startMongod(kind: "replica set" | "standalone"): Promise<SharedServer> {
  const program = programOf("MONGOD", "mongod", [join(cache, "mongod/mongod")]);
  const home = mkdtempSync(join(tmpdir(), "bench-mongod-"));
  const port = await freePort();
  const isSet = kind === "replica set";
  const options = ["--dbpath", home, "--port", String(port), "--bind_ip", "127.0.0.1", "--nounixsocket"];
  const child = spawn(program, [...options, "--wiredTigerCacheSizeGB", "0.25", ...(isSet ? ["--replSet", "rs0"] : [])], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await untilSays(child, '"Waiting for connections"');
  const host = `127.0.0.1:${port}`;
  if (isSet) await initiate(host);
  return { url: `mongodb://${host}/${isSet ? "?replicaSet=rs0" : ""}`, stop: () => end(child, home) };
}

/** An agent in development mode, alone, on a free port. */
export async function startConsul(): Promise<SharedServer> {
  const program = programOf("CONSUL", "consul", [join(cache, "consul/current/consul"), join(cache, "consul/bullseye/consul")]);
  const home = mkdtempSync(join(tmpdir(), "bench-consul-"));
  const [port, server, serf] = [await freePort(), await freePort(), await freePort()];
  const ports = ["-http-port", port, "-server-port", server, "-serf-lan-port", serf, "-serf-wan-port", -1, "-dns-port", -1];
  const child = spawn(program, ["agent", "-dev", "-log-level", "info", "-grpc-port", "-1", ...ports.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: home,
  });
  await untilSays(child, "Synced node info");
  return { url: `consul://127.0.0.1:${port}`, stop: () => end(child, home) };
}

function programOf(variable: string, name: string, cached: readonly string[]): string {
  const candidates = [process.env[variable], name, ...cached.filter((path) => existsSync(path))];
  const found = candidates.find((path) => path && spawnSync(path, ["--help"], { stdio: "ignore" }).error === undefined);
  if (found) return found;
  throw new Error(`no ${name}: put one on the PATH, name it in ${variable}, or run npm run test:integration, which fetches one`);
}

async function initiate(host: string): Promise<void> {
  const { MongoClient } = await import("mongodb");
  const client = new MongoClient(`mongodb://${host}/?directConnection=true`);
  try {
    const admin = client.db("admin");
    await admin.command({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host }] } });
    for (const until = performance.now() + START_MS; ; await sleep(50)) {
      if ((await admin.command({ hello: 1 })).isWritablePrimary) return;
      if (performance.now() > until) throw new Error("the replica set has no primary");
    }
  } finally {
    await client.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await once(server.close(), "close");
  return port;
}

async function untilSays(child: ChildProcess, text: string): Promise<void> {
  await new Promise<void>((ready, failed) => {
    child.once("error", failed);
    child.once("exit", () => failed(new Error(`${child.spawnfile} ended by itself`)));
    // Read to the end: a full pipe would stop the server.
    createInterface({ input: child.stdout! }).on("line", (line) => line.includes(text) && ready());
  });
}

async function end(child: ChildProcess, home: string): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
  rmSync(home, { recursive: true, force: true });
}
