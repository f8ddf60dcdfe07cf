import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../contestants/contestant.ts";
import type { BenchCallName } from "../fixtures/calls.ts";
import type { Part } from "../part.ts";
import { pinned } from "../run/cores.ts";
import { type CallCell, type CallFigures, measureCalls } from "./measure-calls.ts";

/** CPU time of bare ÷ ours, of each call: what others do on the machine changes it least. */
type Ratios = Record<SmokeCall, number>;
type SmokeCall = "small" | "order" | "64k";

const calls: readonly SmokeCall[] = ["small", "order", "64k"];
/** Kept by hand, low: what a shared machine can be trusted to reach on each supported Node. */
const recorded: Ratios = JSON.parse(readFileSync(join(root, "bench/results/smoke.json"), "utf8"));
const tolerated = 0.7;

/** For CI: asserts that every answer is right, and that the gateway has not become much slower. */
export const smoke: Part = {
  about: "for CI: a second of each of some calls; fails on a wrong answer, or far under bench/results/smoke.json",
  async run(settings) {
    const cells = calls.flatMap((call) => (["bare", "thriftgate"] as const).map((name) => [name, call] as const));
    const short = { ...settings, rounds: 2, seconds: 1, warmUpSeconds: 1 };
    const measured = await measureCalls([...cells, ["thriftgate", "exception"]], pinned, "own", short);
    const failed = measured.filter(({ rounds }) => rounds.some(({ failures, calls: made }) => failures > 0 || made === 0));
    if (failed.length > 0) throw new Error(`failed calls: ${JSON.stringify(failed, undefined, 1)}`);

    const ratios = Object.fromEntries(calls.map((call) => [call, ratio(measured, call)])) as Ratios;
    const lines = calls.map(
      (call) => `${call}: bare ÷ ours, CPU time per call: ${ratios[call].toFixed(2)}, recorded ${recorded[call]}`,
    );
    const slow = calls.filter((call) => ratios[call] < tolerated * recorded[call]);
    if (slow.length > 0) throw new Error(`slower than recorded by more than a third:\n${lines.join("\n")}`);
    return { figures: ratios, lines };
  },
};

/** The better of the rounds: what else the machine does only ever adds. */
function ratio(cells: readonly CallCell[], call: BenchCallName): number {
  const least = (contestant: string) => {
    const cell = cells.find((candidate) => candidate.contestant === contestant && candidate.call === call)!;
    return Math.min(...cell.rounds.map(({ cpuMicrosecondsPerCall }: CallFigures) => cpuMicrosecondsPerCall));
  };
  return least("bare") / least("thriftgate");
}
