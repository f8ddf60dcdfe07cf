import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cpuSecondsOfTree, residentBytesOfTree } from "./process-tree.ts";

/** `undefined`: not pinned, e.g. where there is no taskset. */
export type Core = number | undefined;

interface Ready {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** A gateway's. */
  readonly adminUrl?: string;
}

export interface Started {
  /** The JSON line that it wrote when it was ready. */
  readonly ready: Ready;
  /** User and system CPU seconds so far, of the process and all that it started (Linux; NaN elsewhere). */
  cpuSeconds(): number;
  residentBytes(): number;
  stop(): Promise<void>;
}

const stopMs = 5_000;

export function startNode(core: Core, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  return start(core, process.execPath, args, env);
}

/** Starts a program that writes one `{"event":"ready"}` line to its stdout. */
export async function start(core: Core, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const [command, ...rest] = core === undefined ? [program, ...args] : ["taskset", "-c", String(core), program, ...args];
  // A file, as for a service of systemd's: what is logged has its usual price.
  const folder = mkdtempSync(join(tmpdir(), "bench-log-"));
  const log = join(folder, "stderr");
  const stderr = openSync(log, "w");
  const child = spawn(command!, rest, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", stderr] });
  closeSync(stderr);
  const ready = await readyLine(child);
  if (ready === undefined)
    throw new Error(`${child.spawnargs.join(" ")} ended before it was ready:\n${readFileSync(log, "utf8")}`);
  return {
    ready,
    cpuSeconds: () => cpuSecondsOfTree(ready.pid),
    residentBytes: () => residentBytesOfTree(ready.pid),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, "exit");
        child.kill("SIGTERM");
        const tooLong = setTimeout(() => child.kill("SIGKILL"), stopMs);
        await exited;
        clearTimeout(tooLong);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function readyLine(child: ChildProcess): Promise<Ready | undefined> {
  if (child.stdout === null) throw new Error("the program's stdout is not a pipe");
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{"event":"ready"')) continue;
    child.stdout.resume();
    const ready = JSON.parse(line) as Omit<Ready, "port"> & Partial<Pick<Ready, "port">>;
    return { ...ready, port: ready.port ?? Number(new URL(ready.url).port) };
  }
  return undefined;
}
