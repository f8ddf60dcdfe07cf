import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { answerBytes } from "../fixtures/answers.ts";
import type { BenchCallName } from "../fixtures/calls.ts";
import { type Core, type Started, start, startNode } from "../run/processes.ts";
import { buildPeers } from "./build-peers.ts";

export interface Cores {
  readonly server: Core;
  /** Of load and backend. */
  readonly load: Core;
}

export interface Running {
  /** The contestant itself, whose time counts. */
  readonly server: Started;
  stop(): Promise<void>;
}

/** Something that answers the calls of the benches, afresh at each start. */
export type StartContestant = (backendPort: number, call: BenchCallName, core: Core) => Promise<Running>;

export type BackendKind = "own" | "kitex";

export const root = resolve(import.meta.dirname, "../../..");

export function benchServer(name: string): string {
  return resolve(import.meta.dirname, `../servers/${name}.js`);
}

export async function startBackend(kind: BackendKind, core: Core): Promise<Running> {
  if (kind === "own") {
    const server = await startNode(core, [benchServer("backend")]);
    return { server, stop: () => server.stop() };
  }
  const folder = mkdtempSync(join(tmpdir(), "bench-answers-"));
  const file = join(folder, "answers.json");
  writeFileSync(
    file,
    JSON.stringify(Object.fromEntries([...answerBytes()].map(([name, bytes]) => [name, bytes.toString("base64")]))),
  );
  const server = await start(core, buildPeers(), ["backend", file]);
  rmSync(folder, { recursive: true });
  return { server, stop: () => server.stop() };
}
