import type { CodecBench } from "../codec/codec-bench.ts";
import { callBenches } from "../codec/codec-calls.ts";
import { replyBenches } from "../codec/codec-replies.ts";
import type { Part } from "../part.ts";
import { nanosecondsOf } from "../run/cpu-time.ts";

export interface CodecFigures {
  readonly name: string;
  readonly jsonBytes: number;
  readonly nanoseconds: Readonly<Record<string, number>>;
}

function runBench({ name, jsonBytes, contestants }: CodecBench, milliseconds: number): CodecFigures {
  const measured = Object.entries(contestants).map(([contestant, run]) => [contestant, nanosecondsOf(run, milliseconds)]);
  return { name, jsonBytes, nanoseconds: Object.fromEntries(measured) };
}

function lines({ name, jsonBytes, nanoseconds }: CodecFigures): string[] {
  const [first] = Object.values(nanoseconds);
  return [
    `${name} (${jsonBytes} bytes of JSON)`,
    ...Object.entries(nanoseconds).map(
      ([contestant, ns]) =>
        `  ${contestant.padEnd(42)}${ns.toFixed(0).padStart(8)} ns${((1_000 * jsonBytes) / ns).toFixed(0).padStart(6)} MB/s${(ns / first!).toFixed(1).padStart(8)} ×`,
    ),
  ];
}

/** In CPU time: other processes on the machine do not count. */
export const codec: Part = {
  about: "the codecs against what a gateway on the npm package thrift does",
  async run({ quick }) {
    const benches = [...callBenches(), ...replyBenches()].map((bench) => runBench(bench, quick ? 50 : 300));
    return { figures: benches, lines: benches.flatMap(lines) };
  },
};
