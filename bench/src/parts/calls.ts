import type { BackendKind, Cores } from "../contestants/contestant.ts";
import type { ContestantName } from "../contestants/contestants.ts";
import type { BenchCallName } from "../fixtures/calls.ts";
import type { Part } from "../part.ts";
import { pinned, unpinned } from "../run/cores.ts";
import { loadTool } from "../run/load.ts";
import { formatSpread, spreadOf } from "../run/statistics.ts";
import { type CallCell, type CallFigures, measureCalls, ratioOf } from "./measure-calls.ts";

export interface CallsFigures {
  readonly pinned: boolean;
  readonly backend: BackendKind;
  readonly loadTool: string;
  readonly cells: readonly CallCell[];
}

type Cells = readonly (readonly [ContestantName, BenchCallName])[];

const everyCall: Cells = [
  ...["bare", "naive", "hertz-kitex", "thriftgate"].map((name) => [name as ContestantName, "small"] as const),
  ...["bare", "naive", "hertz-kitex", "thriftgate"].map((name) => [name as ContestantName, "order"] as const),
  ...["bare", "hertz-kitex", "thriftgate"].map((name) => [name as ContestantName, "64k"] as const),
  ...["bare", "hertz-kitex", "thriftgate"].map((name) => [name as ContestantName, "1m"] as const),
  ...["hertz-kitex", "thriftgate"].map((name) => [name as ContestantName, "query"] as const),
  ...["hertz-kitex", "thriftgate"].map((name) => [name as ContestantName, "rest"] as const),
  ["thriftgate", "exception"],
];
const smallAndOrder: Cells = (["small", "order"] as const).flatMap((call) =>
  (["bare", "hertz-kitex", "thriftgate"] as const).map((name) => [name, call] as const),
);

export const calls = callsPart("every call through every contestant, each on a core of its own", everyCall, pinned, "own");
export const callsUnpinned = callsPart(
  "small and order calls, nothing pinned; also with two workers",
  [...smallAndOrder, ["two-workers", "small"]],
  unpinned,
  "own",
);
export const callsKitex = callsPart("small and order calls to a Kitex server, pinned", smallAndOrder, pinned, "kitex");

function callsPart(about: string, cells: Cells, cores: Cores, backend: BackendKind): Part {
  return {
    about,
    async run(settings) {
      const measured = await measureCalls(cells, cores, backend, settings);
      // The figures may tell why; but no run with failed calls is a good one.
      if (measured.some((cell) => failuresOf(cell) > 0)) process.exitCode = 1;
      const figures: CallsFigures = { pinned: cores.server !== undefined, backend, loadTool, cells: measured };
      return { figures, lines: measured.map((cell) => line(cell, measured)) };
    },
  };
}

function line(cell: CallCell, cells: readonly CallCell[]): string {
  const figure = (pick: (figures: CallFigures) => number, digits: number) =>
    formatSpread(spreadOf(cell.rounds.map(pick)), digits);
  const bare = cells.find(
    ({ contestant, call }) => contestant === "bare" && call === (cell.call in sizedLike ? "small" : cell.call),
  );
  const ratio =
    bare === undefined
      ? ""
      : `÷ bare ${formatSpread(
          ratioOf(cell, bare, (figures) => figures.callsPerSecond),
          2,
        )}`;
  return [
    `${cell.call} ${cell.contestant}`.padEnd(24),
    `${figure((figures) => figures.callsPerSecond, 0)} calls/s`.padEnd(36),
    `${figure((figures) => figures.cpuMicrosecondsPerCall, 1)} µs CPU`.padEnd(34),
    `p50 ${figure((figures) => figures.p50Ms, 2)} p99 ${figure((figures) => figures.p99Ms, 2)} ms`.padEnd(54),
    ratio,
    failuresOf(cell) > 0 ? `${failuresOf(cell)} FAILED` : "",
  ].join(" ");
}

function failuresOf({ rounds }: CallCell): number {
  return rounds.reduce((sum, { failures }) => sum + failures, 0);
}

/** These have no bare of their own: their answers are as short as the small call's. */
const sizedLike = { query: true, rest: true, exception: true };
