import { startBackend } from "../contestants/contestant.ts";
import { startThriftgate } from "../contestants/thriftgate.ts";
import { type BenchCallName, benchCalls } from "../fixtures/calls.ts";
import type { Part } from "../part.ts";
import { checkingAnswers } from "../run/check-answers.ts";
import { pinned } from "../run/cores.ts";
import { applyLoad } from "../run/load.ts";

export interface SteadyFigures {
  readonly calls: number;
  readonly seconds: number;
  readonly failures: number;
  /** Of the second half, by least squares. */
  readonly megabytesPerMinute: number;
  readonly samples: readonly Sample[];
  /** Of all garbage collections, the number of those over 10 ms. */
  readonly longPauses: number;
  readonly pauses: number;
}

interface Sample {
  readonly second: number;
  readonly residentMegabytes: number;
}

const inTurn: readonly BenchCallName[] = ["small", "order", "query", "64k", "exception", "rest"];

export const steady: Part = {
  about: "memory under load of all kinds for minutes: its slope; pauses of garbage collection",
  async run({ quick }) {
    const turns = quick ? 1 : 4;
    const secondsOfACall = quick ? 1 : 5;
    const backend = await startBackend("own", pinned.load);
    const { server, stop } = await startThriftgate(backend.server.ready.port, "small", pinned.server);
    const samples: Sample[] = [];
    const begun = performance.now();
    const second = () => (performance.now() - begun) / 1_000;
    const sampling = setInterval(
      () => samples.push({ second: Math.round(second()), residentMegabytes: Math.round(server.residentBytes() / 2 ** 20) }),
      1_000,
    );
    try {
      const { url, adminUrl } = server.ready;
      let calls = 0;
      let failures = 0;
      for (const name of Array.from({ length: turns }, () => inTurn).flat()) {
        const call = benchCalls[name];
        const load = applyLoad({ url, call, connections: 50, seconds: secondsOfACall }, pinned.load);
        const { result } = await checkingAnswers(url, call, load);
        calls += result.calls;
        failures += result.failures;
      }
      const pauses = await garbageCollections(adminUrl!);
      const figures: SteadyFigures = {
        calls,
        failures,
        seconds: second(),
        megabytesPerMinute: slope(samples),
        samples,
        ...pauses,
      };
      const resident = samples.map(({ residentMegabytes }) => residentMegabytes);
      return {
        figures,
        lines: [
          `${calls} calls in ${figures.seconds.toFixed(0)} s, ${failures} failed; at most ${Math.max(...resident)} MiB, at the end ${resident.at(-1)} MiB, ${figures.megabytesPerMinute.toFixed(1)} MiB a minute over the second half`,
          `${pauses.pauses} garbage collections, ${pauses.longPauses} of them over 10 ms`,
        ],
      };
    } finally {
      clearInterval(sampling);
      await stop();
      await backend.stop();
    }
  },
};

function slope(samples: readonly Sample[]): number {
  const half = samples.slice(Math.floor(samples.length / 2));
  const mean = (pick: (sample: Sample) => number) => half.reduce((sum, sample) => sum + pick(sample), 0) / half.length;
  const meanSecond = mean(({ second }) => second);
  const meanMegabytes = mean(({ residentMegabytes }) => residentMegabytes);
  const covariance = mean(({ second, residentMegabytes }) => (second - meanSecond) * (residentMegabytes - meanMegabytes));
  return (60 * covariance) / mean(({ second }) => (second - meanSecond) ** 2);
}

/** From `/metrics`, as an operator sees them. */
async function garbageCollections(adminUrl: string): Promise<{ pauses: number; longPauses: number }> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const total = (pattern: RegExp) => [...text.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);
  const pauses = total(/^nodejs_gc_duration_seconds_count\{.*\} (\d+)$/gm);
  return { pauses, longPauses: pauses - total(/^nodejs_gc_duration_seconds_bucket\{.*le="0\.01".*\} (\d+)$/gm) };
}
