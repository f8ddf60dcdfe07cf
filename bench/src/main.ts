/** `npm run bench -- --help`; bench/README.md says how to read the figures. */
import { parseArgs } from "node:util";
import { type BenchCallName, benchCalls } from "./fixtures/calls.ts";
import type { Part, Settings } from "./part.ts";
import { type PartName, parts } from "./parts.ts";
import { writeReport } from "./report/write-report.ts";
import { keepResult, machine } from "./results.ts";

const standard: Settings = { rounds: 3, seconds: 3, warmUpSeconds: 2, quick: false, call: undefined };
const quick: Settings = { ...standard, rounds: 1, seconds: 1, warmUpSeconds: 1, quick: true };

function usage(): string {
  const list = Object.entries(parts).map(([name, { about }]) => `  ${name.padEnd(16)} ${about}\n`);
  return `usage: npm run bench -- [PART …] [options]

Parts; all of them but smoke where none is named:
${list.join("")}
  --rounds N     rounds; each runs every contestant once, in a fresh process (default ${standard.rounds})
  --seconds N    of load a contestant and round, after ${standard.warmUpSeconds} s of warm-up (default ${standard.seconds})
  --quick        one round of a second each: to see that all runs
  --call NAME    in calls… and profile only this one: ${Object.keys(benchCalls).join(", ")}
  --keep         write the figures to bench/results, and tables and plots from them to docs
`;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string" },
    seconds: { type: "string" },
    quick: { type: "boolean", default: false },
    call: { type: "string" },
    keep: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const unknown = [
  ...positionals.filter((name) => !Object.hasOwn(parts, name)),
  ...(values.call === undefined || Object.hasOwn(benchCalls, values.call) ? [] : [`--call ${values.call}`]),
];
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) process.stderr.write(`there is no ${unknown.join(", ")}\n\n`);
  process.stdout.write(usage());
  process.exit(values.help ? 0 : 2);
}

const base = values.quick ? quick : standard;
const settings: Settings = {
  ...base,
  rounds: Number(values.rounds ?? base.rounds),
  seconds: Number(values.seconds ?? base.seconds),
  call: values.call as BenchCallName | undefined,
};

process.stdout.write(`${JSON.stringify(machine())}\n`);
const all = Object.keys(parts).filter((name) => name !== "smoke");
const names = (positionals.length > 0 ? positionals : all) as PartName[];
for (const name of names) {
  const part: Part = parts[name];
  const begun = performance.now();
  try {
    const { figures, lines } = await part.run(settings);
    process.stdout.write(`\n${name}: ${part.about} (${((performance.now() - begun) / 1000).toFixed(0)} s)\n`);
    for (const line of lines) process.stdout.write(`  ${line}\n`);
    if (values.keep) keepResult(name, figures);
  } catch (error) {
    // The other parts stand by themselves.
    process.exitCode = 1;
    process.stderr.write(`\n${name} failed: ${error instanceof Error ? error.stack : String(error)}\n`);
  }
}
if (values.keep) writeReport();
