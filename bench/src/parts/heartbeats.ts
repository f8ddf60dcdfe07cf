import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root, startBackend } from "../contestants/contestant.ts";
import { startConsul } from "../contestants/shared-servers.ts";
import { send, startGateway } from "../contestants/thriftgate.ts";
import { idl, paths, serviceName } from "../fixtures/calls.ts";
import type { PacedResult } from "../paced/paced-load.ts";
import { runPacedLoad } from "../paced/run-paced-load.ts";
import type { Part } from "../part.ts";
import { pinned } from "../run/cores.ts";
import { type Started, startNode } from "../run/processes.ts";
import { percentile } from "../run/statistics.ts";

interface HeartbeatFigures {
  readonly servers: number;
  readonly callsPerSecond: number;
  readonly contestants: Readonly<Record<ContestantName, ContestantFigures>>;
}

interface ContestantFigures {
  /** Each server every 15 s, as it is told to by default. */
  readonly told: BeatFigures;
  /** Each server every 5 s. */
  readonly often: BeatFigures;
  /** A steady load of the small call alone, and beside the beats of `told`. */
  readonly callsAlone: PacedResult;
  readonly callsBeside: PacedResult;
}

interface BeatFigures {
  readonly beatsPerSecond: number;
  /** Of the gateway, beyond what it takes without beats. */
  readonly cpuMicrosecondsPerBeat: number;
  readonly coreShare: number;
  readonly p99Ms: number;
  readonly refused: number;
}

type ContestantName = keyof typeof contestants;

const contestants = {
  "registry in the process": { inConsul: false, hasProxy: false },
  Consul: { inConsul: true, hasProxy: false },
  "Consul, through a registry proxy": { inConsul: true, hasProxy: true },
} as const;

const proxy = join(root, "rpc-services/registry-proxy/dist/main.js");
const proxySecret = { THRIFTGATE_PROXY_SECRET: "a-secret-of-the-bench" };
const serversPerService = 100;
const firstPort = 20_000;
/** As many as an agent of Consul registers at once without falling behind. */
const joinsAtOnce = 4;
const joinAttempts = 20;
const callsPerSecond = 500;
const tickMs = 10;

export const heartbeats: Part = {
  about: "what the heartbeats of 3,000 servers cost the gateway, and calls beside them (needs consul); one round",
  async run({ quick, warmUpSeconds }) {
    const size = quick ? { servers: 300, seconds: 3 } : { servers: 3_000, seconds: 15 };
    const results: Partial<Record<ContestantName, ContestantFigures>> = {};
    for (const name of Object.keys(contestants) as ContestantName[]) {
      process.stderr.write(`${name}\n`);
      results[name] = await measure(name, { ...size, warmUpSeconds });
    }
    const figures: HeartbeatFigures = {
      servers: size.servers,
      callsPerSecond,
      contestants: results as Record<ContestantName, ContestantFigures>,
    };
    return { figures, lines: Object.entries(figures.contestants).flatMap(([name, of]) => linesOf(name, of)) };
  },
};

function linesOf(name: string, { told, often, callsAlone, callsBeside }: ContestantFigures): string[] {
  const text = ({ beatsPerSecond, cpuMicrosecondsPerBeat, coreShare, p99Ms, refused }: BeatFigures) =>
    `${beatsPerSecond.toFixed(0)} beats/s: ${cpuMicrosecondsPerBeat.toFixed(0)} µs each, ${(100 * coreShare).toFixed(1)} % of a core, p99 ${p99Ms.toFixed(1)} ms, ${refused} refused`;
  const calls = `p99 of ${callsPerSecond} calls/s ${callsAlone.p99Ms.toFixed(2)} ms alone, ${callsBeside.p99Ms.toFixed(2)} ms beside`;
  return [`${name.padEnd(33)} ${text(told)}; ${calls}`, `${"".padEnd(33)} ${text(often)}`];
}

interface Size {
  readonly servers: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

async function measure(name: ContestantName, size: Size): Promise<ContestantFigures> {
  const { inConsul, hasProxy } = contestants[name];
  const stops: (() => Promise<void>)[] = [];
  try {
    const backend = await startBackend("own", pinned.load);
    stops.unshift(backend.stop);
    const consul = inConsul ? await startConsul() : undefined;
    if (consul) stops.unshift(consul.stop);
    const registry = consul?.url ?? "embedded";
    if (hasProxy) {
      const started = await startNode(pinned.load, [proxy, "--registry", registry], proxySecret);
      stops.unshift(started.stop);
    }
    const dataDir = mkdtempSync(join(tmpdir(), "bench-gateway-"));
    stops.unshift(async () => rmSync(dataDir, { recursive: true, force: true }));
    const gateway = await startGateway(dataDir, pinned.server, { options: ["--registry", registry], env: proxySecret });
    stops.unshift(gateway.stop);
    return await measureGateway(gateway, backend.server.ready.port, size);
  } finally {
    for (const stop of stops) await stop();
  }
}

/** So that no server is without a beat for its time to live in between. */
async function measureGateway(gateway: Started, backendPort: number, size: Size): Promise<ContestantFigures> {
  const { servers, seconds, warmUpSeconds } = size;
  const { url, port } = gateway.ready;
  const bodies = await joinAll(url, backendPort, servers);
  const beats = (perSecond: number) => () => beat(url, bodies, perSecond, seconds);
  const told = servers / 15;
  const often = servers / 5;
  await beats(told)();
  const idle = await cpuOf(gateway, () => sleep(seconds * 1_000));
  const figuresAt = async (beatsPerSecond: number): Promise<BeatFigures> => {
    const { result, cpuSeconds } = await cpuOf(gateway, beats(beatsPerSecond));
    const added = cpuSeconds - idle.cpuSeconds;
    return {
      beatsPerSecond,
      cpuMicrosecondsPerBeat: (added / result.length) * 1e6,
      coreShare: added / seconds,
      p99Ms: percentile(result, 0.99),
      refused: result.filter((timeMs) => timeMs === Number.POSITIVE_INFINITY).length,
    };
  };
  const atTold = await figuresAt(told);
  const atOften = await figuresAt(often);
  const paced = { protocol: "http", call: "small", port, callsPerSecond, connections: 50, warmUpSeconds } as const;
  const calls = () => runPacedLoad({ ...paced, seconds: seconds - warmUpSeconds }, pinned.load);
  const callsAlone = await calls();
  const [callsBeside] = await Promise.all([calls(), beats(told)()]);
  return { told: atTold, often: atOften, callsAlone, callsBeside };
}

/** The bodies of all servers' beats. */
async function joinAll(url: string, backendPort: number, servers: number): Promise<object[]> {
  const names = Array.from({ length: Math.ceil(servers / serversPerService) }, (_, index) => `Beating${index}`);
  const services = [
    { ServiceName: serviceName, IdlContent: idl, Paths: paths },
    ...names.map((name) => ({ ServiceName: name, IdlContent: "service S { void m() }" })),
  ];
  const { "API-Key": ApiKey } = await send(url, "/register", [{ OwnerName: "Bench", OwnerId: "bench", Services: services }]);
  const connect = (ServiceName: string, port: number) =>
    send(url, "/connect", { ApiKey, ServiceName, ServerAddress: "127.0.0.1", ServerPort: String(port) });
  await connect(serviceName, backendPort);
  const bodies: object[] = [];
  let next = 0;
  const joinInTurn = async () => {
    for (let index = next++; index < servers; index = next++) {
      const ServerID = await joinAtLast(() => connect(names[Math.floor(index / serversPerService)]!, firstPort + index));
      bodies.push({ ApiKey, ServerID });
    }
  };
  await Promise.all(Array.from({ length: joinsAtOnce }, joinInTurn));
  return bodies;
}

/** As servers do: again, when Consul was too slow. */
async function joinAtLast(connect: () => Promise<Record<string, string>>): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await connect()).ServerID;
    } catch (error) {
      if (attempt === joinAttempts) throw error;
      await sleep(attempt * 100);
    }
  }
}

/** One server after the other, whether the gateway keeps up or not: each beat's time in ms, sorted; infinite where it was refused. */
async function beat(url: string, bodies: readonly object[], perSecond: number, seconds: number): Promise<number[]> {
  const underWay: Promise<number>[] = [];
  const begunMs = performance.now();
  const one = async (body: object) => {
    const sentMs = performance.now();
    const isTaken = await send(url, "/health", body).then(
      () => true,
      () => false,
    );
    return isTaken ? performance.now() - sentMs : Number.POSITIVE_INFINITY;
  };
  for (let atMs = 0; atMs < seconds * 1_000; atMs = performance.now() - begunMs) {
    while (underWay.length < (atMs / 1_000) * perSecond) {
      underWay.push(one(bodies[underWay.length % bodies.length]!));
    }
    await sleep(tickMs);
  }
  return (await Promise.all(underWay)).sort((a, b) => a - b);
}

async function cpuOf<T>(gateway: Started, work: () => Promise<T>): Promise<{ result: T; cpuSeconds: number }> {
  const before = gateway.cpuSeconds();
  const result = await work();
  return { result, cpuSeconds: gateway.cpuSeconds() - before };
}
