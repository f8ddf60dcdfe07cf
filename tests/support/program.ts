import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { onTestFinished } from "vitest";

export const repository = resolve(import.meta.dirname, "../..");
export const thriftgate = resolve(repository, "gateway/bin/thriftgate.js");

export interface Program {
  readonly pid: number;
  /** All that it has written so far. */
  stdout(): string;
  stderr(): string;
  /** The first match in what it writes to either, as soon as it is there; rejects when the program ends without. */
  says(pattern: RegExp): Promise<RegExpMatchArray>;
  signal(signal: NodeJS.Signals): void;
  /** Kills it if it still runs; resolves when it is gone. */
  kill(): Promise<void>;
  /** Its exit code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals>;
}

export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** A Node program as a user starts it; whatever is left of it when the test ends is killed. */
export function startProgram(args: readonly string[], options?: ProgramOptions): Program {
  const program = runProgram(args, options);
  onTestFinished(program.kill);
  return program;
}

/** The same, for whoever kills it. */
export function runProgram(args: readonly string[], options: ProgramOptions = {}): Program {
  const child = spawn(process.execPath, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] += text;
      for (const listener of listeners) listener();
    });
  }
  let ended = false;
  const exit = once(child, "close").then(([code, signal]) => {
    ended = true;
    for (const listener of listeners) listener();
    return (code ?? signal) as number | NodeJS.Signals;
  });
  return {
    pid: child.pid!,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        function look(): void {
          const match = pattern.exec(written.stdout) ?? pattern.exec(written.stderr);
          if (!match && !ended) return;
          listeners.delete(look);
          if (match) resolve(match);
          else reject(new Error(`it ended without saying ${pattern}:\n${written.stdout}\n${written.stderr}`));
        }
        listeners.add(look);
        look();
      }),
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
    exit,
  };
}
