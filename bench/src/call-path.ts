/**
 * The whole call against a bare node:http server, in the same run, alternating: calls per second, latency, CPU time.
 * `npm run bench:call-path -- --help` tells the options; bench/README.md how to read the figures.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { applyLoad, hasCommand, type LoadResult, loadTool } from "./load.ts";
import { type Core, type Started, startNode } from "./processes.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "6" },
    connections: { type: "string", default: "50" },
    unpinned: { type: "boolean", default: false },
    profile: { type: "string" },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  process.stdout.write(`usage: npm run bench:call-path -- [options]
  --rounds N        rounds; each runs every contestant once, in a fresh process (default 3)
  --seconds N       of load a contestant and round, after 2 s of warm-up (default 6)
  --connections N   keep-alive connections (default 50)
  --unpinned        do not pin the server to core 0 and load and backend to core 1
  --profile DIR     write a CPU profile of the gateway to DIR (figures are then slower)
  --out FILE        write the results as JSON to FILE
`);
  process.exit(0);
}

const root = resolve(import.meta.dirname, "../..");
const pin = !options.unpinned && cpus().length > 1 && hasCommand("taskset");
const serverCore: Core = pin ? 0 : undefined;
const loadCore: Core = pin ? 1 : undefined;

const requestBody = '{"ID":"1234","Name":"Thrift Gateway","Market":"Singapore"}';
const answer = '{"Ok":true,"Msg":"insert success"}';

interface Figures extends LoadResult {
  readonly cpuMicrosecondsPerCall: number;
  readonly residentMegabytes: number;
}

interface Contestant {
  readonly name: string;
  start(): Promise<{ server: Started; url: string; stop(): Promise<void> }>;
}

const bare: Contestant = {
  name: "bare",
  async start() {
    const server = await startNode(serverCore, [join(import.meta.dirname, "servers/bare.js")], { BENCH_ANSWER: answer });
    return { server, url: `${server.ready.url}/AssetManagement/newAsset`, stop: () => server.stop() };
  },
};

const gateway: Contestant = {
  name: "thriftgate",
  async start() {
    const dataDir = mkdtempSync(join(tmpdir(), "bench-gateway-"));
    const backend = await startNode(loadCore, [join(import.meta.dirname, "servers/backend.js")]);
    const profile = options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`];
    const server = await startNode(serverCore, [
      ...profile,
      join(root, "gateway/dist/main.js"),
      ...["start", "--port", "0", "--admin-port", "0", "--data-dir", dataDir],
    ]);
    const apiKey = await register(server.ready.url);
    await post(server.ready.url, "/connect", {
      ApiKey: apiKey,
      ServiceName: "AssetManagement",
      ServerAddress: "127.0.0.1",
      ServerPort: String(backend.ready.port),
    });
    return {
      server,
      url: `${server.ready.url}/AssetManagement/newAsset`,
      async stop() {
        await server.stop();
        await backend.stop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  },
};

async function post(url: string, path: string, body: unknown): Promise<Record<string, string>> {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

async function register(url: string): Promise<string> {
  const service = {
    ServiceId: "1",
    ServiceName: "AssetManagement",
    IdlContent: readFileSync(join(root, "idl/asset_management.thrift"), "utf8"),
    Paths: [{ MethodPath: "newAsset", ExposedMethod: "insertAsset" }],
  };
  const answered = await post(url, "/register", [{ OwnerName: "Bench", OwnerId: "bench", Services: [service] }]);
  return answered["API-Key"] as string;
}

/** Bodies are compared before and after the load; during it, wrk and autocannon count what is not 2xx. */
async function assertRightAnswers(url: string): Promise<void> {
  for (let call = 0; call < 200; call += 1) {
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: requestBody });
    const text = await response.text();
    if (text !== answer) throw new Error(`wrong answer: ${response.status} ${text}`);
  }
}

async function measure(contestant: Contestant): Promise<Figures> {
  const { server, url, stop } = await contestant.start();
  try {
    const load = { url, method: "POST", body: requestBody, connections: Number(options.connections) } as const;
    await assertRightAnswers(url);
    await applyLoad({ ...load, seconds: 2 }, loadCore);
    const cpuBefore = server.cpuSeconds();
    const result = await applyLoad({ ...load, seconds: Number(options.seconds) }, loadCore);
    const cpuSeconds = server.cpuSeconds() - cpuBefore;
    await assertRightAnswers(url);
    return {
      ...result,
      cpuMicrosecondsPerCall: (cpuSeconds / result.calls) * 1e6,
      residentMegabytes: server.residentBytes() / 2 ** 20,
    };
  } finally {
    await stop();
  }
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

function spread(values: number[], digits: number): string {
  return `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} … ${Math.max(...values).toFixed(digits)})`;
}

const rounds: { bare: Figures; thriftgate: Figures }[] = [];
for (let round = 0; round < Number(options.rounds); round += 1) {
  const inOrder = round % 2 === 0 ? [bare, gateway] : [gateway, bare];
  const figures: Record<string, Figures> = {};
  for (const contestant of inOrder) figures[contestant.name] = await measure(contestant);
  rounds.push(figures as unknown as (typeof rounds)[number]);
}

const of = (pick: (figures: Figures) => number, name: "bare" | "thriftgate") => rounds.map((round) => pick(round[name]));
const ratio = (pick: (figures: Figures) => number) => rounds.map((round) => pick(round.thriftgate) / pick(round.bare));
const failures = rounds.reduce((sum, round) => sum + round.bare.failures + round.thriftgate.failures, 0);

const rows: [string, (figures: Figures) => number, number][] = [
  ["calls/s", (figures) => figures.callsPerSecond, 0],
  ["p50 ms", (figures) => figures.p50Ms, 2],
  ["p99 ms", (figures) => figures.p99Ms, 2],
  ["CPU µs/call", (figures) => figures.cpuMicrosecondsPerCall, 1],
  ["RSS MiB", (figures) => figures.residentMegabytes, 0],
];
process.stdout.write(
  `small body, ${options.connections} connections, ${pin ? "server on core 0, load and backend on core 1" : "unpinned"}, ${loadTool}, Node ${process.version}, median (min … max) of ${rounds.length}\n`,
);
for (const [name, pick, digits] of rows) {
  process.stdout.write(
    `${name.padEnd(12)} bare ${spread(of(pick, "bare"), digits).padEnd(30)} thriftgate ${spread(of(pick, "thriftgate"), digits).padEnd(30)} ratio ${spread(ratio(pick), 2)}\n`,
  );
}
process.stdout.write(`failed calls ${failures}\n`);

if (options.out !== undefined) {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  const result = {
    bench: "call-path",
    commit,
    node: process.version,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    loadTool,
    pinned: pin,
    rounds,
  };
  mkdirSync(resolve(options.out, ".."), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify(result, null, 2)}\n`);
}
process.exitCode = failures === 0 ? 0 : 1;
