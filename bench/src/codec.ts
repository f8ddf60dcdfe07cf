/**
 * The codecs against what a gateway on the `thrift` npm package does, in CPU time: other processes on the machine do not count.
 * `npm run build && node bench/dist/codec.js [milliseconds for each contestant]`
 */
import type { CodecBench } from "./codec-bench.ts";
import { callBenches } from "./codec-calls.ts";
import { replyBenches } from "./codec-replies.ts";

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

function runBench({ name, jsonBytes, contestants }: CodecBench, milliseconds: number): string {
  let first = 0;
  const lines = Object.entries(contestants).map(([contestant, run]) => {
    const nanoseconds = measure(run, milliseconds);
    if (first === 0) first = nanoseconds;
    return `  ${contestant.padEnd(28)}${nanoseconds.toFixed(0).padStart(8)} ns${(nanoseconds / first).toFixed(1).padStart(8)} ×\n`;
  });
  return `${name} (${jsonBytes} bytes of JSON)\n${lines.join("")}`;
}

const milliseconds = Number(process.argv[2] ?? 300);
for (const bench of [...callBenches(), ...replyBenches()]) process.stdout.write(runBench(bench, milliseconds));
if (kept === undefined) throw new Error("nothing was measured");
