import { spawn } from "node:child_process";
import { once } from "node:events";
import { listeningPort } from "../listening-port.ts";

export interface ServerProcess {
  readonly port: number;
  stop(): Promise<void>;
}

/** A server of others, told to listen on port 0 of this machine; what it prints about each call is not kept. */
export async function startServer(cwd: string, command: string, args: readonly string[]): Promise<ServerProcess> {
  const child = spawn(command, args, { cwd, stdio: ["ignore", "ignore", "pipe"] });
  let written = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    written = (written + text).slice(-10_000);
  });
  let ended = false;
  const exit = once(child, "close").then(() => {
    ended = true;
  });
  try {
    const port = await listeningPort(child.pid!, () => ended);
    return {
      port,
      async stop() {
        child.kill("SIGKILL");
        await exit;
      },
    };
  } catch (error) {
    throw new Error(`${command} ${args.join(" ")}: ${(error as Error).message}\n${written}`);
  }
}
