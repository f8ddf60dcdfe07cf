import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** `undefined`: not pinned, e.g. where there is no taskset. */
export type Core = number | undefined;

export interface Started {
  /** The JSON line that it wrote when it was ready. */
  readonly ready: { readonly url: string; readonly pid: number; readonly port?: number; readonly adminUrl?: string };
  /** User and system CPU seconds so far (Linux; NaN elsewhere). */
  cpuSeconds(): number;
  residentBytes(): number;
  stop(): Promise<void>;
}

const clockTicksPerSecond = 100;

/** Starts a Node program that writes one `{"event":"ready"}` line, on one core. */
export async function startNode(core: Core, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const [command, ...rest] =
    core === undefined ? [process.execPath, ...args] : ["taskset", "-c", String(core), process.execPath, ...args];
  const child = spawn(command as string, rest, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  const ready = await readyLine(child);
  return {
    ready,
    cpuSeconds: () => cpuSecondsOf(ready.pid),
    residentBytes: () => residentBytesOf(ready.pid),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function readyLine(child: ChildProcess): Promise<Started["ready"]> {
  if (child.stdout === null) throw new Error("the program's stdout is not a pipe");
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("{") && JSON.parse(line).event === "ready") {
      child.stdout.resume();
      return JSON.parse(line);
    }
  }
  throw new Error(`${child.spawnargs.join(" ")} ended before it was ready`);
}

/** utime + stime, fields 14 and 15 of proc(5)'s stat; the command's name may hold spaces and parentheses. */
function cpuSecondsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
  } catch {
    return Number.NaN;
  }
}

function residentBytesOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  } catch {
    return Number.NaN;
  }
}
