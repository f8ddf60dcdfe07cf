import { integrationComponents } from "./components.ts";
import { reportMissing } from "./report-missing-components.ts";

/** Vitest's global set-up of the integration tests: what has to be fetched is, before the first test. */
export function setup(): () => void {
  for (const component of integrationComponents) component.present();
  return () => reportMissing(integrationComponents);
}
