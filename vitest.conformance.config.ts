import { defineConfig } from "vitest/config";

/** The tests against what others published: they fetch it, once, into `.cache`. */
export default defineConfig({
  test: {
    include: ["tests/**/*.conformance.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 300_000,
    // What is waited for comes at once, but for a machine that is busy.
    expect: { poll: { timeout: 30_000 } },
    pool: "forks",
    setupFiles: ["tests/support/seed-properties.ts"],
    globalSetup: ["tests/support/report-missing-peers.ts"],
  },
});
