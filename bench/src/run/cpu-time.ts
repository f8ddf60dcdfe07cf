const rounds = 7;

/** So that no run can be optimised away. */
let kept: unknown;

/** Nanoseconds of CPU time for one run, in the best of some rounds: other processes do not count, and what else happens only ever adds. */
export function nanosecondsOf(run: () => unknown, milliseconds: number): number {
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
  if (kept === undefined) throw new Error("nothing was measured");
  return best;
}
