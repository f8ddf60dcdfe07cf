import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root, startBackend } from "../contestants/contestant.ts";
import { startConsul, startMongod } from "../contestants/shared-servers.ts";
import { send } from "../contestants/thriftgate.ts";
import type { Part } from "../part.ts";
import { type Started, startNode } from "../run/processes.ts";
import { percentile } from "../run/statistics.ts";

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

async function run(kind: "replica set" | "standalone", count: { readonly changes: number; readonly joins: number }) {
  const backend = await startBackend("own", undefined);
  try {
    return await withGateways(kind, async (urls) => {
      const { "API-Key": apiKey } = await send(urls[0]!, "/register", ownerWith("p0"));
      // Not found, until the registration itself is known there.
      await Promise.all(urls.map((url) => firstAnswer(url, "p0", 503)));
      const server = {
        ApiKey: apiKey,
        ServiceName: service,
        ServerAddress: "127.0.0.1",
        ServerPort: String(backend.server.ready.port),
      };
      const join = (url: string) => send(url, "/connect", server);
      const { ServerID } = await join(urls[0]!);
      await Promise.all(urls.map((url) => firstAnswer(url, "p0", 200)));

      const changes: Sample[] = [];
      for (let change = 1; change <= count.changes; change += 1) {
        const { at, others } = turn(urls, change);
        const path = `p${change}`;
        const update = () =>
          send(at, `/update?ownerid=${ownerId}`, ownerWith(path), { method: "PUT", headers: { apikey: apiKey! } });
        changes.push(...(await measure(others, update, path, 200)));
      }

      const path = `p${count.changes}`;
      const joins: Sample[] = [];
      const departures: Sample[] = [];
      for (let joined = 1; joined <= count.joins; joined += 1) {
        const { at, others } = turn(urls, joined);
        const leave = () => send(at, "/disconnect", { ApiKey: apiKey, ServerID });
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
  return { samples: sorted.length, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99), maxMs: sorted.at(-1)! };
}

function summaries(samples: readonly Sample[]) {
  return {
    sinceAnswered: summary(samples, (sample) => sample.sinceAnsweredMs),
    sinceSent: summary(samples, (sample) => sample.sinceSentMs),
  };
}

export const propagation: Part = {
  about: `ms until a change at one of ${GATEWAYS} gateways is served by the others (needs mongod and consul)`,
  async run({ quick }) {
    const count = quick ? { changes: 10, joins: 5 } : { changes: 100, joins: 50 };
    const streams = await run("replica set", count);
    const polling = await run("standalone", count);
    const figures = {
      "a change, by change streams": summaries(streams.changes),
      "a change, by polling": summaries(polling.changes),
      "a server that joins": summaries([...streams.joins, ...polling.joins]),
      "a server that leaves": summaries([...streams.departures, ...polling.departures]),
    };
    const lines = Object.entries(figures).map(([name, { sinceAnswered, sinceSent }]) => {
      const text = ({ p50Ms, p99Ms, maxMs }: Summary) =>
        `p50 ${p50Ms.toFixed(1)}, p99 ${p99Ms.toFixed(1)}, max ${maxMs.toFixed(1)}`;
      return `${name.padEnd(28)} since it was answered: ${text(sinceAnswered)}; since it was sent: ${text(sinceSent)} (${sinceSent.samples} samples)`;
    });
    return { figures, lines };
  },
};

type Summary = ReturnType<typeof summary>;
