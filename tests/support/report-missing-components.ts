import { type Component, components } from "./components.ts";

/** Vitest's global set-up; what it returns runs after the last test. */
export function setup(): () => void {
  return () => reportMissing(components);
}

export function reportMissing(wanted: readonly Component[]): void {
  for (const component of wanted.filter((each) => !each.present())) {
    process.stderr.write(`\nNOT RUN: the tests that need ${component.name}. To run them: ${component.install}\n`);
  }
}
