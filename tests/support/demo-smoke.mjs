// Starts `npm run demo` as a stranger would, runs every curl line that it prints, stops it with Ctrl-C's signal.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const dataDir = mkdtempSync(join(tmpdir(), "demo-smoke-"));
const demo = spawn("npm", ["run", "demo", "--", "--port", "0", "--admin-port", "0", "--data-dir", dataDir], {
  stdio: ["ignore", "pipe", "inherit"],
  detached: true,
});
const exited = once(demo, "exit");
const deadline = setTimeout(() => fail("the demo did not print its last line within 90 s"), 90_000);

function fail(message) {
  console.error(`demo: ${message}`);
  try {
    process.kill(-demo.pid, "SIGKILL");
  } catch {}
  process.exit(1);
}

const curls = [];
for await (const line of createInterface({ input: demo.stdout })) {
  console.log(`| ${line}`);
  if (line.trim().startsWith("curl ")) curls.push(line.trim());
  if (line.includes("Ctrl-C")) break;
}
demo.stdout.resume();
if (curls.length < 4) fail(`printed ${curls.length} curl lines, expected at least 4`);
for (const curl of curls) {
  const answer = execFileSync("sh", ["-c", `${curl} --silent --show-error --fail --max-time 10`], { encoding: "utf8" });
  console.log(`> ${curl}\n${answer}`);
  if (!answer.startsWith("{")) fail(`no JSON object: ${answer}`);
}

process.kill(-demo.pid, "SIGINT");
const [code, signal] = await exited;
clearTimeout(deadline);
rmSync(dataDir, { recursive: true, force: true });
if (code !== 0 && signal !== "SIGINT" && code !== 130) fail(`ended with ${code ?? signal}`);
console.log("demo: every curl line answered, and it stopped");
