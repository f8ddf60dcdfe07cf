import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../contestants/contestant.ts";
import type { CallsFigures } from "../parts/calls.ts";
import type { ProfileFigures } from "../parts/profile.ts";
import { type Results, readResults } from "../results.ts";
import { callsPlot } from "./calls-plot.ts";
import { flameGraph } from "./flame-graph.ts";
import { codecTable, type ResultsByNode, stagesTable, targetsTable } from "./tables.ts";

const document = "docs/performance.md";

/** Writes what follows from bench/results. */
export function writeReport(): void {
  for (const [path, text] of reportFiles()) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** Each file of the report with its text: the pictures, and the document with its tables replaced. */
export function reportFiles(): Map<string, string> {
  const results = resultsByNode();
  const plots = new Map<string, string>();
  const flames = new Map<string, string>();
  for (const [node, { parts }] of results) {
    const calls = parts.calls?.figures as CallsFigures | undefined;
    const profile = parts.profile?.figures as ProfileFigures | undefined;
    const name = node.toLowerCase().replace(" ", "");
    if (calls !== undefined) plots.set(`calls-${name}`, callsPlot(calls, `CPU time per call, ${node}`));
    if (profile !== undefined) flames.set(`flames-${name}`, flameGraph(profile.flames, `The ${profile.call} call, ${node}`));
  }
  const sections = {
    targets: withPictures(targetsTable(results), plots),
    stages: withPictures(stagesTable(results), flames),
    codecs: codecTable(results),
  };
  const text = readFileSync(join(root, document), "utf8");
  const whole = Object.entries(sections).reduce((replaced, [name, section]) => withSection(replaced, name, section), text);
  const pictures = [...plots, ...flames].map(([name, picture]): [string, string] => [`docs/performance/${name}.svg`, picture]);
  return new Map([[document, whole], ...pictures]);
}

function withPictures(table: string, pictures: ReadonlyMap<string, string>): string {
  return [table, ...[...pictures.keys()].map((name) => `![${name}](performance/${name}.svg)`)].join("\n\n");
}

function resultsByNode(): ResultsByNode {
  const folder = join(root, "bench/results");
  const files = readdirSync(folder).filter((file) => /^node\d+\.json$/.test(file));
  return new Map(
    files.sort().map((file): [string, Results] => [`Node ${/\d+/.exec(file)![0]}`, readResults(join(folder, file))]),
  );
}

/** Replaces what stands between `<!-- name -->` and `<!-- end of name -->`. */
function withSection(text: string, name: string, section: string): string {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
  const from = text.indexOf(begin);
  const until = text.indexOf(end);
  if (from < 0 || until < from) throw new Error(`${document} has no place for the table of ${name}`);
  return `${text.slice(0, from + begin.length)}\n${section}\n\n${text.slice(until)}`;
}
