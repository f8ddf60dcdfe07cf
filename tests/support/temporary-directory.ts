import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export interface TemporaryDirectory {
  readonly path: string;
  remove(): void;
}

export function createTemporaryDirectory(): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), "thriftgate-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** For the running test alone. */
export function temporaryDirectory(): string {
  const directory = createTemporaryDirectory();
  onTestFinished(directory.remove);
  return directory.path;
}
