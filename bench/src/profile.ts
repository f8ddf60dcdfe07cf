/** Where the time of a .cpuprofile goes: self time by function. `node bench/dist/profile.js FILE.cpuprofile [lines]` */
import { readFileSync } from "node:fs";

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

const [file, lines = "40"] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("usage: node bench/dist/profile.js FILE.cpuprofile [lines]\n");
  process.exit(2);
}

const profile: CpuProfile = JSON.parse(readFileSync(file, "utf8"));
const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
const selfMicroseconds = new Map<string, number>();
profile.samples.forEach((id, index) => {
  const frame = frames.get(id);
  if (frame === undefined || frame.functionName === "(idle)") return;
  const place = frame.url === "" ? "" : ` ${frame.url.split("/").slice(-3).join("/")}:${frame.lineNumber + 1}`;
  const key = `${frame.functionName || "(anonymous)"}${place}`;
  selfMicroseconds.set(key, (selfMicroseconds.get(key) ?? 0) + (profile.timeDeltas[index] ?? 0));
});

const total = [...selfMicroseconds.values()].reduce((sum, value) => sum + value, 0);
const ranked = [...selfMicroseconds].sort(([, a], [, b]) => b - a).slice(0, Number(lines));
for (const [name, microseconds] of ranked)
  process.stdout.write(`${((100 * microseconds) / total).toFixed(1).padStart(5)} %  ${name}\n`);
