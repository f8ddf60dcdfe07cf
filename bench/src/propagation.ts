/**
 * How long a change at one gateway takes until all serve it: three gateways on one MongoDB and one Consul, calls sent to each
 * until the change shows. `npm run bench:propagation -- --help` tells the options; bench/README.md how to read the figures.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Started, startNode } from "./processes.ts";
import { startConsul, startMongod } from "./shared-servers.ts";

const { values: options } = parseArgs({
  options: {
    changes: { type: "string", default: "200" },
    joins: { type: "string", default: "100" },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  process.stdout.write(`usage: npm run bench:propagation -- [options]
  --changes N   of a service, with each kind of MongoDB (default 200)
  --joins N     of a server, each followed by its leaving (default 100)
  --out FILE    write the results as JSON to FILE
`);
  process.exit(0);
}

const root = resolve(import.meta.dirname, "../..");
const ownerId = "bench";
const service = "AssetManagement";
const requestBody = '{"ID":"1234","Name":"Thrift Gateway","Market":"Singapore"}';
const GATEWAYS = 3;
const GIVE_UP_MS = 30_000;
/** Between two calls, so that looking for the change does not hold it up. */
const CALL_GAP_MS = 2;
const idl = `struct Asset { 1: string ID, 2: string Name, 3: string Market }
struct Answer { 1: bool Ok, 2: string Msg }
service AssetManagement { Answer insertAsset(1: Asset asset) }`;

/** Of one change at one gateway: since the request was sent, and since it was answered. */
interface Sample {
  readonly sinceSentMs: number;
  readonly sinceAnsweredMs: number;
}

async function send(url: string, path: string, init: { method?: string; apikey?: string; body: unknown }) {
  const { method = "POST", apikey, body } = init;
  const response = await fetch(url + path, {
    method,
    headers: { "content-type": "application/json", ...(apikey === undefined ? {} : { apikey }) },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text) as Record<string, string>;
}

/** One service whose only path is this one, so that a call there tells whether the change is served. */
function ownerWith(path: string): unknown {
  const paths = [{ MethodPath: path, ExposedMethod: "insertAsset" }];
  const services = [{ ServiceId: "1", ServiceName: service, IdlContent: idl, Paths: paths }];
  return [{ OwnerName: ownerId, OwnerId: ownerId, Services: services }];
}

/** Calls again and again; resolves to the time of the first answer with this status. */
async function firstAnswer(url: string, path: string, status: number): Promise<number> {
  for (const begun = performance.now(); ; ) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/${service}/${path}`, { method: "POST", headers, body: requestBody });
    await response.text();
    const now = performance.now();
    if (response.status === status) return now;
    if (now - begun > GIVE_UP_MS) throw new Error(`${url}/${service}/${path} still answers ${response.status}, not ${status}`);
    await sleep(CALL_GAP_MS);
  }
}

/** Makes a change at one gateway and looks for it, from then on, at the others. */
async function measure(others: readonly string[], change: () => Promise<unknown>, path: string, status: number) {
  const sent = performance.now();
  await change();
  const answered = performance.now();
  const seen = await Promise.all(others.map((url) => firstAnswer(url, path, status)));
  return seen.map((at): Sample => ({ sinceSentMs: at - sent, sinceAnsweredMs: at - answered }));
}

async function withGateways<T>(kind: "replica set" | "standalone", work: (urls: readonly string[]) => Promise<T>): Promise<T> {
  const stops: (() => Promise<void>)[] = [];
  try {
    const mongo = await startMongod(kind);
    stops.unshift(mongo.stop);
    const consul = await startConsul();
    stops.unshift(consul.stop);
    const gateways: Started[] = [];
    for (let index = 0; index < GATEWAYS; index += 1) {
      const dataDir = mkdtempSync(join(tmpdir(), "bench-gateway-"));
      const ports = ["--port", "0", "--admin-port", "0", "--data-dir", dataDir, "--log-level", "fatal"];
      const parts = ["--store", mongo.url, "--registry", consul.url];
      const gateway = await startNode(undefined, [join(root, "gateway/dist/main.js"), "start", ...ports, ...parts]);
      stops.unshift(async () => {
        await gateway.stop();
        rmSync(dataDir, { recursive: true, force: true });
      });
      gateways.push(gateway);
    }
    return await work(gateways.map(({ ready }) => ready.url));
  } finally {
    for (const stop of stops) await stop();
  }
}

async function run(kind: "replica set" | "standalone") {
  const backend = await startNode(undefined, [join(import.meta.dirname, "servers/backend.js")]);
  try {
    return await withGateways(kind, async (urls) => {
      const { "API-Key": apiKey } = await send(urls[0]!, "/register", { body: ownerWith("p0") });
      // Not found, until the registration itself is known there.
      await Promise.all(urls.map((url) => firstAnswer(url, "p0", 503)));
      const server = { ApiKey: apiKey, ServiceName: service, ServerAddress: "127.0.0.1", ServerPort: String(backend.ready.port) };
      const join = (url: string) => send(url, "/connect", { body: server });
      const { ServerID } = await join(urls[0]!);
      await Promise.all(urls.map((url) => firstAnswer(url, "p0", 200)));

      const changes: Sample[] = [];
      for (let count = 1; count <= Number(options.changes); count += 1) {
        const { at, others } = turn(urls, count);
        const path = `p${count}`;
        const change = () => send(at, `/update?ownerid=${ownerId}`, { method: "PUT", apikey: apiKey!, body: ownerWith(path) });
        changes.push(...(await measure(others, change, path, 200)));
      }

      const path = `p${options.changes}`;
      const joins: Sample[] = [];
      const departures: Sample[] = [];
      for (let count = 1; count <= Number(options.joins); count += 1) {
        const { at, others } = turn(urls, count);
        const leave = () => send(at, "/disconnect", { body: { ApiKey: apiKey, ServerID } });
        departures.push(...(await measure(others, leave, path, 503)));
        joins.push(...(await measure(others, () => join(at), path, 200)));
      }
      return { changes, joins, departures };
    });
  } finally {
    await backend.stop();
  }
}

function turn(urls: readonly string[], count: number) {
  const at = urls[count % urls.length]!;
  return { at, others: urls.filter((url) => url !== at) };
}

function summary(samples: readonly Sample[], pick: (sample: Sample) => number) {
  const sorted = samples.map(pick).sort((a, b) => a - b);
  const at = (share: number) => Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1));
  return { samples: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

function summaries(samples: readonly Sample[]) {
  return {
    sinceAnswered: summary(samples, (sample) => sample.sinceAnsweredMs),
    sinceSent: summary(samples, (sample) => sample.sinceSentMs),
  };
}

const streams = await run("replica set");
const polling = await run("standalone");
const results = {
  "a change, by change streams": summaries(streams.changes),
  "a change, by polling": summaries(polling.changes),
  "a server that joins": summaries([...streams.joins, ...polling.joins]),
  "a server that leaves": summaries([...streams.departures, ...polling.departures]),
};
process.stdout.write(`${GATEWAYS} gateways, ms until the two others serve a change, Node ${process.version}\n`);
for (const [name, { sinceAnswered, sinceSent }] of Object.entries(results)) {
  const { samples, p50Ms, p99Ms, maxMs } = sinceAnswered;
  process.stdout.write(
    `${name.padEnd(28)} since it was answered: p50 ${p50Ms}, p99 ${p99Ms}, max ${maxMs}; since it was sent: p50 ${sinceSent.p50Ms}, p99 ${sinceSent.p99Ms} (${samples} samples)\n`,
  );
}

if (options.out !== undefined) {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, loadAverage: Number(loadavg()[0]!.toFixed(1)) };
  const result = { bench: "propagation", commit, node: process.version, ...machine, gateways: GATEWAYS, results };
  mkdirSync(resolve(options.out, ".."), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify(result, null, 2)}\n`);
}
