import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Core } from "./processes.ts";

export interface LoadRequest {
  readonly url: string;
  readonly method: "GET" | "POST";
  /** "" for none. */
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly callsPerSecond: number;
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers other than 2xx, and broken connections. */
  readonly failures: number;
}

const run = promisify(execFile);

/** `wrk` where it is installed, since it costs a tenth of what a load generator in Node does; else autocannon. */
export const loadTool: "wrk" | "autocannon" = hasCommand("wrk") ? "wrk" : "autocannon";

export function hasCommand(name: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export function applyLoad(request: LoadRequest, core: Core): Promise<LoadResult> {
  return loadTool === "wrk" ? loadWithWrk(request, core) : loadWithAutocannon(request);
}

async function loadWithWrk(request: LoadRequest, core: Core): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const script = join(folder, "request.lua");
    writeFileSync(script, wrkScript(request));
    const args = ["-t1", `-c${request.connections}`, `-d${request.seconds}s`, "--timeout", "5s", "-s", script, request.url];
    const { stdout } = core === undefined ? await run("wrk", args) : await run("taskset", ["-c", String(core), "wrk", ...args]);
    const result = JSON.parse(stdout.slice(stdout.lastIndexOf("RESULT ") + "RESULT ".length)) as LoadResult;
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function wrkScript({ method, body }: LoadRequest): string {
  return `
wrk.method = ${JSON.stringify(method)}
${body === "" ? "" : `wrk.body = [==[${body}]==]\nwrk.headers["Content-Type"] = "application/json"`}
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('RESULT {"callsPerSecond":%f,"calls":%d,"p50Ms":%f,"p99Ms":%f,"failures":%d}\\n',
    summary.requests / summary.duration * 1e6, summary.requests, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
`;
}

async function loadWithAutocannon({ url, method, body, connections, seconds }: LoadRequest): Promise<LoadResult> {
  const { default: autocannon } = await import("autocannon");
  const result = await autocannon({
    url,
    method,
    connections,
    duration: seconds,
    ...(body === "" ? {} : { body, headers: { "content-type": "application/json" } }),
  });
  return {
    callsPerSecond: result.requests.average,
    calls: result.requests.total,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    failures: result.non2xx + result.errors + result.timeouts,
  };
}
