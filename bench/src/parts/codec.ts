import type { CodecBench } from "../codec/codec-bench.ts";
import { callBenches } from "../codec/codec-calls.ts";
import { replyBenches } from "../codec/codec-replies.ts";
import type { Part } from "../part.ts";

const rounds = 7;

/** So that no run can be optimised away. */
let kept: unknown;

/** Nanoseconds of CPU time for one run, in the best of some rounds: what else happens only ever adds. */
function measure(run: () => unknown, milliseconds: number): number {
  let batch = 1;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; ) {
    const before = process.cpuUsage();
    for (let i = 0; i < batch; i++) kept = run();
    const { user, system } = process.cpuUsage(before);
    const microseconds = user + system;
    if (microseconds < (milliseconds * 1_000) / rounds / 2) batch *= 2;
    else {
      best = Math.min(best, (microseconds * 1_000) / batch);
      round++;
    }
  }
  return best;
}

interface CodecFigures {
  readonly name: string;
  readonly jsonBytes: number;
  readonly nanoseconds: Readonly<Record<string, number>>;
}

function runBench({ name, jsonBytes, contestants }: CodecBench, milliseconds: number): CodecFigures {
  const measured = Object.entries(contestants).map(([contestant, run]) => [contestant, measure(run, milliseconds)]);
  return { name, jsonBytes, nanoseconds: Object.fromEntries(measured) };
}

function lines({ name, jsonBytes, nanoseconds }: CodecFigures): string[] {
  const [first] = Object.values(nanoseconds);
  return [
    `${name} (${jsonBytes} bytes of JSON)`,
    ...Object.entries(nanoseconds).map(
      ([contestant, ns]) => `  ${contestant.padEnd(28)}${ns.toFixed(0).padStart(8)} ns${(ns / first!).toFixed(1).padStart(8)} ×`,
    ),
  ];
}

/** In CPU time: other processes on the machine do not count. */
export const codec: Part = {
  about: "the codecs against what a gateway on the npm package thrift does",
  async run({ quick }) {
    const benches = [...callBenches(), ...replyBenches()].map((bench) => runBench(bench, quick ? 50 : 300));
    if (kept === undefined) throw new Error("nothing was measured");
    return { figures: benches, lines: benches.flatMap(lines) };
  },
};
