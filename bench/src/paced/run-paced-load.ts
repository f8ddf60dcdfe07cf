import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import type { Core } from "../run/processes.ts";
import type { PacedTask } from "./main.ts";
import type { PacedResult } from "./paced-load.ts";

const run = promisify(execFile);

/** Fails if one answer is wrong. */
export async function runPacedLoad(task: PacedTask, core: Core): Promise<PacedResult> {
  const args = [resolve(import.meta.dirname, "main.js"), JSON.stringify(task)];
  const pinned = ["-c", String(core), process.execPath, ...args];
  const { stdout } = await (core === undefined ? run(process.execPath, args) : run("taskset", pinned));
  const result = JSON.parse(stdout) as PacedResult;
  if (result.wrong > 0) throw new Error(`${task.call}: ${result.wrong} of ${result.calls} answers were wrong`);
  return result;
}
