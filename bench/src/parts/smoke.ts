import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../contestants/contestant.ts";
import type { Part } from "../part.ts";
import { pinned } from "../run/cores.ts";
import { type CallCell, measureCalls } from "./measure-calls.ts";

const calls = ["small", "order", "64k"] as const;
type SmokeCall = (typeof calls)[number];

/** CPU time per call, bare ÷ ours: what others do on the machine changes it least. */
type Ratios = Readonly<Record<SmokeCall, number>>;

/** Kept by hand, low: what any machine reaches on each supported Node. */
const recorded: Ratios = JSON.parse(readFileSync(join(root, "bench/results/smoke.json"), "utf8"));
const tolerated = 0.7;
/** Noise only ever adds: what is slow in all of these is slow. */
const attempts = 5;

/** For CI: asserts that every answer is right, and that the gateway has not become much slower. */
export const smoke: Part = {
  about: "for CI: a second of each of some calls; fails on a wrong answer, or 30 % under bench/results/smoke.json",
  async run(settings) {
    const cells = calls.flatMap((call) => (["bare", "thriftgate"] as const).map((name) => [name, call] as const));
    const oneRound = { ...settings, rounds: 1, seconds: 1, warmUpSeconds: 2 };
    const measured: CallCell[] = [];
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const round = await measureCalls([...cells, ["thriftgate", "exception"]], pinned, "own", oneRound);
      assertNoFailures(round);
      measured.push(...round);
      const ratios = Object.fromEntries(calls.map((call) => [call, ratio(measured, call)])) as Record<SmokeCall, number>;
      const lines = calls.map(
        (call) => `${call}: CPU time per call, bare ÷ ours: ${ratios[call].toFixed(2)}, recorded ${recorded[call]}`,
      );
      if (calls.every((call) => ratios[call] >= tolerated * recorded[call])) return { figures: ratios, lines };
      process.stderr.write(`attempt ${attempt} of ${attempts}\n${lines.join("\n")}\n`);
    }
    throw new Error(`more than 30 % under bench/results/smoke.json in ${attempts} attempts`);
  },
};

function assertNoFailures(cells: readonly CallCell[]): void {
  const failed = cells.filter(({ rounds }) => rounds.some(({ failures }) => failures > 0));
  if (failed.length > 0) throw new Error(`failed calls: ${JSON.stringify(failed, undefined, 1)}`);
}

function ratio(cells: readonly CallCell[], call: SmokeCall): number {
  const least = (contestant: string) => {
    const rounds = cells.filter((cell) => cell.contestant === contestant && cell.call === call).flatMap((cell) => cell.rounds);
    return Math.min(...rounds.map(({ cpuMicrosecondsPerCall }) => cpuMicrosecondsPerCall));
  };
  return least("bare") / least("thriftgate");
}
