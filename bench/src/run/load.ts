import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BenchCall } from "../fixtures/calls.ts";
import type { Core } from "./processes.ts";

export interface Load {
  /** Of the server, without a path. */
  readonly url: string;
  readonly call: BenchCall;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly callsPerSecond: number;
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers of another status than the call's, and broken connections. */
  readonly failures: number;
}

const run = promisify(execFile);

/** Longer than any deadline, so that on a busy machine only what never comes is a failure. */
const timeoutSeconds = 30;

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

export function applyLoad(load: Load, core: Core): Promise<LoadResult> {
  return loadTool === "wrk" ? loadWithWrk(load, core) : loadWithAutocannon(load);
}

async function loadWithWrk({ url, call, connections, seconds }: Load, core: Core): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const script = join(folder, "request.lua");
    writeFileSync(script, wrkScript(call));
    const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", `${timeoutSeconds}s`, "-s", script, url + call.path];
    const { stdout } = core === undefined ? await run("wrk", args) : await run("taskset", ["-c", String(core), "wrk", ...args]);
    const { ok, notOk, broken, ...figures } = JSON.parse(stdout.slice(stdout.lastIndexOf("RESULT ") + "RESULT ".length));
    return { ...figures, failures: broken + (call.status < 400 ? notOk : ok) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function wrkScript({ method, body }: BenchCall): string {
  return `
wrk.method = ${JSON.stringify(method)}
${body === "" ? "" : `wrk.body = [==[${body}]==]\nwrk.headers["Content-Type"] = "application/json"`}
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('RESULT {"callsPerSecond":%f,"calls":%d,"p50Ms":%f,"p99Ms":%f,"ok":%d,"notOk":%d,"broken":%d}\\n',
    summary.requests / summary.duration * 1e6, summary.requests, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.requests - errors.status, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
`;
}

async function loadWithAutocannon({ url, call, connections, seconds }: Load): Promise<LoadResult> {
  const { default: autocannon } = await import("autocannon");
  const { method, body, status } = call;
  const result = await autocannon({
    url: url + call.path,
    method,
    connections,
    duration: seconds,
    timeout: timeoutSeconds,
    ...(body === "" ? {} : { body, headers: { "content-type": "application/json" } }),
  });
  return {
    callsPerSecond: result.requests.average,
    calls: result.requests.total,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    failures: result.errors + result.timeouts + (status < 400 ? result.non2xx : result["2xx"]),
  };
}
