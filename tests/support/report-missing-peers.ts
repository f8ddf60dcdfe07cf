import { conformanceComponents } from "./components.ts";
import { reportMissing } from "./report-missing-components.ts";

/** Vitest's global set-up of the conformance tests with what others published. */
export function setup(): () => void {
  return () => reportMissing(conformanceComponents);
}
