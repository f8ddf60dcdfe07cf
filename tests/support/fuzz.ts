import { setImmediate } from "node:timers/promises";
import fc from "fast-check";

/** How long each fuzz loop runs. Short in `npm test`; `FUZZ_MS=3600000 npx vitest run tests/fuzz` runs for hours. */
export const fuzzMs = Number(process.env.FUZZ_MS ?? 1_500);

/** Printed with every failure; `FUZZ_SEED` repeats a run, or asks for another one. */
export const fuzzSeed = Number(process.env.FUZZ_SEED ?? 20_260_101);

/** For vitest: a loop, and a generous margin for a busy machine. */
export const fuzzTimeout = fuzzMs + 60_000;

const runsAtOnce = 5;

/** Runs a property for {@link fuzzMs}, and once at least; each few runs have a seed of their own, which a failure tells. */
export async function fuzzProperty<Values>(property: fc.IRawProperty<Values>): Promise<void> {
  const end = performance.now() + fuzzMs;
  for (let seed = fuzzSeed; seed === fuzzSeed || performance.now() < end; seed++) {
    await fc.assert(property, { seed, numRuns: runsAtOnce });
    await breather();
  }
}

/** Lets the fuzz loops beside this one have their turn, and vitest hear that its worker lives. */
export function breather(): Promise<void> {
  return setImmediate();
}
