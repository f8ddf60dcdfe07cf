import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram, thriftgate } from "./program.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

export interface GatewayProcess {
  readonly url: string;
  readonly adminUrl: string;
  readonly pid: number;
  /** All that it has written to stderr so far; what it logs comes a moment later. */
  log(): string;
  /** The same, once all that it has logged so far is in it. */
  wholeLog(): Promise<string>;
  running(): boolean;
  residentBytes(): number;
  /** Ends it with `signal` and resolves to its exit code, or the signal's name. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  /** Drains and stops it. */
  stop(): Promise<void>;
}

export interface GatewayProcessOptions {
  /** Keys of the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly args?: readonly string[];
  /** Default: a new one, removed when the process has ended. */
  readonly dataDir?: string;
}

/** The built gateway as a user starts it, on free ports. */
export async function startGatewayProcess(options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
  const home = createTemporaryDirectory();
  const dataDir = options.dataDir ?? join(home.path, "data");
  const config = join(home.path, "config.json");
  writeFileSync(config, JSON.stringify(options.config ?? {}));
  const program = runProgram([
    ...[thriftgate, "start", "--port", "0", "--admin-port", "0", "--config", config, "--data-dir", dataDir],
    ...(options.args ?? []),
  ]);
  let running = true;
  void program.exit.then(() => {
    running = false;
    home.remove();
  });
  const [line] = await program.says(/^\{"event":"ready".*$/m);
  const ready = JSON.parse(line) as Pick<GatewayProcess, "url" | "adminUrl" | "pid">;
  const end = (signal: NodeJS.Signals) => {
    program.signal(signal);
    return program.exit;
  };
  return {
    ...ready,
    log: program.stderr,
    async wholeLog() {
      const requestId = randomUUID();
      await fetch(`${ready.url}/nobody/nothing`, { headers: { "x-request-id": requestId } });
      await program.says(new RegExp(requestId));
      return program.stderr();
    },
    running: () => running,
    residentBytes: () => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${ready.pid}/status`, "utf8"))?.[1]) * 1024,
    end,
    async stop() {
      await end("SIGTERM");
    },
  };
}
