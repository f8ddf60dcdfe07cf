import { components } from "./components.ts";

/** Vitest's global set-up; what it returns runs after the last test. */
export function setup(): () => void {
  return () => {
    for (const component of components.filter((each) => !each.present())) {
      process.stderr.write(`\nNOT RUN: the tests that need ${component.name}. To run them: ${component.install}\n`);
    }
  };
}
