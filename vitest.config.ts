import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    exclude: [...configDefaults.exclude, "tests/**/*.{integration,conformance}.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // What is waited for comes at once, but for a machine that is busy.
    expect: { poll: { timeout: 15_000 } },
    pool: "forks",
    setupFiles: ["tests/support/seed-properties.ts"],
    globalSetup: ["tests/support/report-missing-components.ts"],
  },
});
