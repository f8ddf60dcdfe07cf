/** How long each fuzz loop runs. Short in `npm test`; `FUZZ_MS=3600000 npx vitest run tests/fuzz` runs for hours. */
export const fuzzMs = Number(process.env.FUZZ_MS ?? 1_500);

/** Printed with every failure; `FUZZ_SEED` repeats a run, or asks for another one. */
export const fuzzSeed = Number(process.env.FUZZ_SEED ?? 20_260_101);

/** For vitest: a loop, and a generous margin for a busy machine. */
export const fuzzTimeout = fuzzMs + 30_000;

/** For fast-check: as many runs as the time allows. It takes no success for a failure, and a busy machine is slow to its first. */
export const fuzzRuns = {
  numRuns: Number.MAX_SAFE_INTEGER,
  interruptAfterTimeLimit: fuzzMs + 2_000,
  markInterruptAsFailure: false,
};
