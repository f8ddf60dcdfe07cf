import { defineConfig } from "vitest/config";

/** The tests with real servers of other kinds beside the gateway; `npm test` needs Node alone. */
export default defineConfig({
  test: {
    include: ["tests/**/*.integration.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    // The servers of one file at a time: three of a set that share two cores with others miss each other's heartbeats.
    fileParallelism: false,
    globalSetup: ["tests/support/report-missing-servers.ts"],
  },
});
