import type { ContestantName } from "../contestants/contestants.ts";
import { type BenchCallName, benchCalls } from "../fixtures/calls.ts";
import type { CallsFigures } from "../parts/calls.ts";
import type { CodecFigures } from "../parts/codec.ts";
import type { IdlFigures } from "../parts/idl.ts";
import type { IdleCallersFigures } from "../parts/idle-callers.ts";
import { addedMs, type LatencyFigures } from "../parts/latency.ts";
import { extraMegabytes, type ManyServicesFigures } from "../parts/many-services.ts";
import { type CallFigures, ratioOf } from "../parts/measure-calls.ts";
import { addedP99Ms, type RegistrationFigures } from "../parts/registration.ts";
import { type RoutingFigures, routingRatio } from "../parts/routing.ts";
import type { SteadyFigures } from "../parts/steady.ts";
import type { PartName } from "../parts.ts";
import type { Results } from "../results.ts";
import { type Spread, spreadOf } from "../run/statistics.ts";

/** One line of the table in docs/performance.md. */
export interface Target {
  readonly name: string;
  /** `undefined`: a figure to look at. */
  readonly atLeast?: number;
  readonly goal?: number;
  readonly isBetter: "higher" | "lower";
  readonly digits: number;
  readonly unit: string;
  /** `undefined`: not measured. */
  figure(results: Results): Spread | undefined;
}

type Pick = (figures: CallFigures) => number;
type Side = readonly [ContestantName, BenchCallName];

const rate: Pick = ({ callsPerSecond }) => callsPerSecond;
const cpu: Pick = ({ cpuMicrosecondsPerCall }) => cpuMicrosecondsPerCall;
const ours = (call: BenchCallName): Side => ["thriftgate", call];
const bare = (call: BenchCallName): Side => ["bare", call];

function figuresOf<Figures>(part: PartName, figure: (figures: Figures) => Spread | undefined): Target["figure"] {
  return ({ parts }) => (parts[part] === undefined ? undefined : figure(parts[part].figures as Figures));
}

function ratio(pick: Pick, above: Side, below: Side, part: PartName = "calls"): Target["figure"] {
  return figuresOf<CallsFigures>(part, ({ cells }) => {
    const cellOf = ([contestant, call]: Side) => cells.find((cell) => cell.contestant === contestant && cell.call === call);
    const [one, other] = [cellOf(above), cellOf(below)];
    return one && other && ratioOf(one, other, pick);
  });
}

const megabyte = Buffer.byteLength(benchCalls["1m"].body) / 1e6;
const higher = { isBetter: "higher", digits: 2, unit: "" } as const;
const lower = { isBetter: "lower", digits: 2, unit: "" } as const;

/** How many times as long the npm package takes. */
function codecRatio(bench: string, theirs: string, ours: string): Target["figure"] {
  return figuresOf<readonly CodecFigures[]>("codec", (benches) => {
    const nanoseconds = benches.find(({ name }) => name === bench)?.nanoseconds;
    return nanoseconds && spreadOf([nanoseconds[theirs]! / nanoseconds[ours]!]);
  });
}

export const targets: readonly Target[] = [
  { ...higher, name: "small ÷ bare, calls/s", atLeast: 1.15, goal: 1.4, figure: ratio(rate, ours("small"), bare("small")) },
  {
    ...higher,
    name: "order ÷ bare of its size, calls/s",
    atLeast: 0.75,
    goal: 0.9,
    figure: ratio(rate, ours("order"), bare("order")),
  },
  {
    ...higher,
    name: "GET with a query ÷ small, calls/s",
    atLeast: 0.9,
    goal: 1,
    figure: ratio(rate, ours("query"), ours("small")),
  },
  { ...higher, name: "REST route ÷ small, calls/s", atLeast: 0.9, goal: 1, figure: ratio(rate, ours("rest"), ours("small")) },
  { ...higher, name: "declared exception ÷ small, calls/s", figure: ratio(rate, ours("exception"), ours("small")) },
  { ...lower, name: "CPU per call ÷ bare's, small", atLeast: 0.9, goal: 0.7, figure: ratio(cpu, ours("small"), bare("small")) },
  { ...lower, name: "CPU per call ÷ bare's, order", figure: ratio(cpu, ours("order"), bare("order")) },
  {
    ...higher,
    name: "small ÷ naive, calls/s",
    atLeast: 12,
    goal: 15,
    digits: 1,
    figure: ratio(rate, ours("small"), ["naive", "small"]),
  },
  { ...higher, name: "order ÷ naive, calls/s", digits: 1, figure: ratio(rate, ours("order"), ["naive", "order"]) },
  {
    ...{ ...higher, name: "CPU per call, Hertz + Kitex ÷ ours: small", atLeast: 1.3, goal: 1.7 },
    figure: ratio(cpu, ["hertz-kitex", "small"], ours("small")),
  },
  {
    ...{ ...higher, name: "CPU per call, Hertz + Kitex ÷ ours: order", atLeast: 1.2, goal: 1.6 },
    figure: ratio(cpu, ["hertz-kitex", "order"], ours("order")),
  },
  { ...higher, name: "CPU per call, Hertz + Kitex ÷ ours: 64 KB", figure: ratio(cpu, ["hertz-kitex", "64k"], ours("64k")) },
  {
    ...{ ...higher, name: "CPU per call, Hertz + Kitex ÷ ours: small, the backend Kitex" },
    figure: ratio(cpu, ["hertz-kitex", "small"], ours("small"), "calls-kitex"),
  },
  {
    ...{ ...higher, name: "small ÷ bare, calls/s, nothing pinned" },
    figure: ratio(rate, ours("small"), bare("small"), "calls-unpinned"),
  },
  {
    ...{ ...higher, name: "two workers ÷ one, small, calls/s, nothing pinned", atLeast: 1.3 },
    figure: ratio(rate, ["two-workers", "small"], ours("small"), "calls-unpinned"),
  },
  {
    ...{ ...lower, name: "added latency at half load, p50", atLeast: 0.15, goal: 0.1, digits: 3, unit: "ms" },
    figure: figuresOf<LatencyFigures>("latency", ({ rounds }) => addedMs(rounds, "thriftgate", "p50Ms")),
  },
  {
    ...{ ...lower, name: "added latency at half load, p99", atLeast: 1, goal: 0.5, digits: 3, unit: "ms" },
    figure: figuresOf<LatencyFigures>("latency", ({ rounds }) => addedMs(rounds, "thriftgate", "p99Ms")),
  },
  {
    ...{ ...higher, name: "1 MB body, each way", atLeast: 150, goal: 300, digits: 0, unit: "MB/s" },
    figure: figuresOf<CallsFigures>("calls", ({ cells }) => {
      const cell = cells.find(({ contestant, call }) => contestant === "thriftgate" && call === "1m");
      return cell && spreadOf(cell.rounds.map(({ callsPerSecond }) => callsPerSecond * megabyte));
    }),
  },
  {
    ...{ ...lower, name: "memory, 10,000 idle keep-alive callers", atLeast: 150, goal: 80, digits: 0, unit: "MiB" },
    figure: figuresOf<IdleCallersFigures>("idle-callers", ({ megabytesAfter }) => spreadOf([megabytesAfter])),
  },
  {
    ...{ ...lower, name: "memory, 1,000 services of 20 methods more", atLeast: 60, goal: 30, digits: 0, unit: "MiB" },
    figure: figuresOf<ManyServicesFigures>("many-services", ({ rounds }) => extraMegabytes(rounds)),
  },
  {
    ...{ ...lower, name: "start with 1,000 stored services to the first answer", atLeast: 1.5, goal: 0.6, unit: "s" },
    figure: figuresOf<ManyServicesFigures>("many-services", ({ rounds }) =>
      spreadOf(rounds.map(({ stored }) => stored.firstAnswerMs / 1_000)),
    ),
  },
  {
    ...{ ...lower, name: "p99 of others while 2,000 types are registered, more by", atLeast: 20, goal: 5, digits: 1, unit: "ms" },
    figure: figuresOf<RegistrationFigures>("registration", ({ rounds }) => addedP99Ms(rounds)),
  },
  {
    ...{ ...higher, name: "JSON → Thrift, small: npm package ÷ ours", atLeast: 20, digits: 1 },
    figure: codecRatio("small call", "JSON.parse + npm thrift", "compiled"),
  },
  {
    ...{ ...higher, name: "JSON → Thrift, order: npm package ÷ ours", atLeast: 10, digits: 1 },
    figure: codecRatio("order call", "JSON.parse + npm thrift", "compiled"),
  },
  {
    ...{ ...higher, name: "Thrift → JSON, small: npm package ÷ ours", atLeast: 20, digits: 1 },
    figure: codecRatio("small reply", "npm thrift + JSON.stringify", "compiled"),
  },
  {
    ...{ ...higher, name: "Thrift → JSON, order: npm package ÷ ours", atLeast: 10, digits: 1 },
    figure: codecRatio("order reply", "npm thrift + JSON.stringify", "compiled"),
  },
  {
    ...{ ...lower, name: "routing among 10,000 REST routes ÷ among ten", atLeast: 1.5 },
    figure: figuresOf<RoutingFigures>("routing", (figures) => spreadOf([routingRatio(figures)])),
  },
  {
    ...{ ...lower, name: "an IDL of 3,000 lines parsed and linked, warm", atLeast: 5, digits: 1, unit: "ms" },
    figure: figuresOf<IdlFigures>("idl", ({ linkMs }) => spreadOf([linkMs])),
  },
  {
    ...{ ...lower, name: "a method's first call, its codec compiled", atLeast: 1, unit: "ms" },
    figure: figuresOf<IdlFigures>("idl", ({ firstCallMs }) => spreadOf([firstCallMs])),
  },
  {
    ...{ ...lower, name: "memory under mixed load, growth", digits: 1, unit: "MiB a minute" },
    figure: figuresOf<SteadyFigures>("steady", ({ megabytesPerMinute }) => spreadOf([megabytesPerMinute])),
  },
  {
    ...{ ...lower, name: "pauses of garbage collection over 10 ms, of a million calls", digits: 0 },
    figure: figuresOf<SteadyFigures>("steady", ({ longPauses, calls }) => spreadOf([(1e6 * longPauses) / calls])),
  },
];
