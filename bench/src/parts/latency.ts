import { startBackend } from "../contestants/contestant.ts";
import { contestants } from "../contestants/contestants.ts";
import { benchCalls } from "../fixtures/calls.ts";
import type { PacedResult } from "../paced/paced-load.ts";
import { runPacedLoad } from "../paced/run-paced-load.ts";
import type { Part, Settings } from "../part.ts";
import { pinned } from "../run/cores.ts";
import { applyLoad } from "../run/load.ts";
import { formatSpread, spreadOf } from "../run/statistics.ts";

export interface LatencyFigures {
  readonly callsPerSecond: number;
  /** A round each. */
  readonly rounds: readonly Readonly<Record<LatencyContestant, PacedResult>>[];
}

type LatencyContestant = "direct" | "thriftgate" | "hertz-kitex";

const connections = 50;
const inTurn: readonly LatencyContestant[] = ["direct", "thriftgate", "hertz-kitex"];

export const latency: Part = {
  about: "the small call at half of what the gateway can do: what it adds to a call of the backend itself",
  async run(settings) {
    const callsPerSecond = Math.round((await callsPerSecondAtMost(settings)) / 2);
    const rounds: Record<LatencyContestant, PacedResult>[] = [];
    for (let round = 0; round < settings.rounds; round += 1) {
      const results: Partial<Record<LatencyContestant, PacedResult>> = {};
      for (const contestant of round % 2 === 0 ? inTurn : inTurn.toReversed()) {
        process.stderr.write(`round ${round + 1}/${settings.rounds}: ${contestant}, ${callsPerSecond} calls/s\n`);
        results[contestant] = await measure(contestant, callsPerSecond, settings);
      }
      rounds.push(results as Record<LatencyContestant, PacedResult>);
    }
    const figures: LatencyFigures = { callsPerSecond, rounds };
    return { figures, lines: [`${callsPerSecond} calls/s`, ...inTurn.map((contestant) => line(contestant, rounds))] };
  },
};

async function callsPerSecondAtMost({ warmUpSeconds, seconds }: Settings): Promise<number> {
  return onContestant("thriftgate", async (url) => {
    const load = { url, call: benchCalls.small, connections };
    await applyLoad({ ...load, seconds: warmUpSeconds }, pinned.load);
    return (await applyLoad({ ...load, seconds }, pinned.load)).callsPerSecond;
  });
}

function measure(
  contestant: LatencyContestant,
  callsPerSecond: number,
  { seconds, warmUpSeconds }: Settings,
): Promise<PacedResult> {
  const protocol = contestant === "direct" ? "thrift" : "http";
  const pace = { callsPerSecond, connections, seconds, warmUpSeconds };
  return onContestant(contestant, (url) =>
    runPacedLoad({ ...pace, protocol, call: "small", port: Number(new URL(url).port) }, pinned.load),
  );
}

async function onContestant<T>(contestant: LatencyContestant, work: (url: string) => Promise<T>): Promise<T> {
  const backend = await startBackend("own", pinned.load);
  try {
    if (contestant === "direct") return await work(backend.server.ready.url);
    const { server, stop } = await contestants[contestant](backend.server.ready.port, "small", pinned.server);
    try {
      return await work(server.ready.url);
    } finally {
      await stop();
    }
  } finally {
    await backend.stop();
  }
}

function line(contestant: LatencyContestant, rounds: LatencyFigures["rounds"]): string {
  const spread = (pick: (result: PacedResult) => number) =>
    formatSpread(spreadOf(rounds.map((round) => pick(round[contestant]))), 3);
  const p50 = spread(({ p50Ms }) => p50Ms);
  const p99 = spread(({ p99Ms }) => p99Ms);
  const added = ["p50Ms", "p99Ms"].map((name) => formatSpread(addedMs(rounds, contestant, name as "p50Ms" | "p99Ms"), 3));
  return `${contestant.padEnd(12)} p50 ${p50}, p99 ${p99} ms; over direct p50 ${added[0]}, p99 ${added[1]} ms`;
}

export function addedMs(rounds: LatencyFigures["rounds"], contestant: LatencyContestant, figure: "p50Ms" | "p99Ms") {
  return spreadOf(rounds.map((round) => round[contestant][figure] - round.direct[figure]));
}
