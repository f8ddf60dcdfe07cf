import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MongoClient } from "mongodb";
import { freePorts } from "./free-ports.ts";
import { findMongod } from "./mongod-program.ts";

const SET_NAME = "rs0";

/** One server process. */
interface Mongod {
  readonly host: string;
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  /** With SIGKILL; until it is gone. */
  kill(): Promise<void>;
  /** On the same data and port, after `kill`; until it takes connections. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  dispose(): Promise<void>;
}

export interface MongoDeployment {
  readonly url: string;
  readonly servers: readonly Mongod[];
  /** The server that takes writes now. */
  primary(): Promise<Mongod>;
  dispose(): Promise<void>;
}

async function startMongod(args: readonly string[] = []): Promise<Mongod> {
  const program = findMongod();
  if (program === undefined) throw new Error("no mongod");
  const directory = mkdtempSync(join(tmpdir(), "thriftgate-mongod-"));
  const [port] = await freePorts(1);
  const options = ["--dbpath", directory, "--port", String(port), "--bind_ip", "127.0.0.1", "--nounixsocket"];
  const modest = ["--wiredTigerCacheSizeGB", "0.25", "--setParameter", "diagnosticDataCollectionEnabled=false"];
  let child: ChildProcess;

  async function start(): Promise<void> {
    const started = spawn(program!, [...options, ...modest, ...args], { stdio: ["ignore", "pipe", "ignore"] });
    child = started;
    let log = "";
    await new Promise<void>((ready, failed) => {
      started.once("error", failed);
      started.once("exit", () => failed(new Error(`mongod ended by itself: ${log.slice(-2_000)}`)));
      // Read to the end: a full pipe would stop the server.
      createInterface({ input: started.stdout! }).on("line", (line) => {
        log = `${log}\n${line}`.slice(-10_000);
        if (line.includes('"Waiting for connections"')) ready();
      });
    });
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  await start();
  return {
    host: `127.0.0.1:${port}`,
    get pid() {
      return child.pid!;
    },
    signal: (signal) => void child.kill(signal),
    kill,
    restart: start,
    async dispose() {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function disposeAll(servers: readonly Mongod[]): Promise<void> {
  await Promise.all(servers.map((server) => server.dispose()));
}

export async function startStandalone(): Promise<MongoDeployment> {
  const server = await startMongod();
  return {
    url: `mongodb://${server.host}/`,
    servers: [server],
    primary: async () => server,
    dispose: () => server.dispose(),
  };
}

/** Three servers, one of them primary; they elect a new one within a few seconds. */
export function startReplicaSet(): Promise<MongoDeployment> {
  // So that the third server leaves a primary that hangs sooner, and a majority takes writes: by default that takes 17 s.
  return startSet(3, ["--oplogSize", "64", "--setParameter", "oplogNetworkTimeoutBufferSeconds=1"]);
}

/** A set of one server that forgets changes soon: its log of them has a megabyte, and is cut each second. */
export function startForgetfulSet(): Promise<MongoDeployment> {
  return startSet(1, ["--oplogSize", "1", "--syncdelay", "1"]);
}

async function startSet(count: number, more: readonly string[]): Promise<MongoDeployment> {
  const args = ["--replSet", SET_NAME, ...more];
  const servers = await Promise.all(Array.from({ length: count }, () => startMongod(args)));
  const members = servers.map(({ host }, _id) => ({ _id, host }));
  const settings = { electionTimeoutMillis: 1_000, heartbeatIntervalMillis: 200 };
  await withClient(`mongodb://${servers[0]!.host}/?directConnection=true`, (client) =>
    client.db("admin").command({ replSetInitiate: { _id: SET_NAME, members, settings } }),
  );
  const url = `mongodb://${members.map(({ host }) => host).join(",")}/?replicaSet=${SET_NAME}`;

  /** Waits for one to be elected: the driver selects a primary for this read. */
  async function primary(): Promise<Mongod> {
    const { primary: host } = await withClient(url, (client) => client.db("admin").command({ hello: 1 }));
    return servers.find((server) => server.host === host)!;
  }

  try {
    await primary();
  } catch (error) {
    await disposeAll(servers);
    throw error;
  }
  return { url, servers, primary, dispose: () => disposeAll(servers) };
}

async function withClient<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 30_000, heartbeatFrequencyMS: 500 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
