import { defineConfig } from "vitest/config";

/** The tests with real servers of other kinds beside the gateway; `npm test` needs Node alone. */
export default defineConfig({
  test: {
    include: ["tests/**/*.integration.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What is waited for comes at once, but for a machine that is busy.
    expect: { poll: { timeout: 30_000 } },
    pool: "forks",
    // Most of their time is waiting; more at once, and the servers of a set miss each other's heartbeats.
    maxWorkers: 2,
    globalSetup: ["tests/support/report-missing-servers.ts"],
  },
});
