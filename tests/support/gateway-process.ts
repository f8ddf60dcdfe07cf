import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const main = resolve(import.meta.dirname, "../../gateway/dist/main.js");

export interface GatewayProcess {
  readonly url: string;
  readonly adminUrl: string;
  readonly pid: number;
  readonly dataDir: string;
  /** All that it has written to stderr so far. */
  log(): string;
  running(): boolean;
  residentBytes(): number;
  /** Ends it with `signal` and resolves to its exit code, or the signal's name. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
  /** Drains and stops it, and removes the data directory if it was made here. */
  stop(): Promise<void>;
}

export interface GatewayProcessOptions {
  /** Keys of the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Default: a new one, removed at `stop`. */
  readonly dataDir?: string;
  readonly nodeArgs?: readonly string[];
}

/** The built gateway as a user starts it, on free ports. */
export async function startGatewayProcess(options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
  const home = mkdtempSync(join(tmpdir(), "gateway-"));
  const dataDir = options.dataDir ?? join(home, "data");
  const config = join(home, "config.json");
  writeFileSync(config, JSON.stringify(options.config ?? {}));
  const child = spawn(
    process.execPath,
    [
      ...(options.nodeArgs ?? []),
      main,
      "start",
      ...["--port", "0", "--admin-port", "0", "--config", config, "--data-dir", dataDir],
      ...(options.args ?? []),
    ],
    { env: { ...process.env, ...options.env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  const exited = once(child, "exit");
  const ready = await readyLine(child, () => log);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const [code, killedBy] = await exited;
    return code ?? killedBy;
  };
  return {
    ...ready,
    dataDir,
    log: () => log,
    running: () => child.exitCode === null && child.signalCode === null,
    residentBytes: () => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${ready.pid}/status`, "utf8"))?.[1]) * 1024,
    end,
    async stop() {
      await end("SIGTERM");
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function readyLine(child: ChildProcess, log: () => string): Promise<{ url: string; adminUrl: string; pid: number }> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const event = JSON.parse(line);
    if (event.event === "ready") return event;
  }
  throw new Error(`the gateway ended before it was ready:\n${log()}`);
}
