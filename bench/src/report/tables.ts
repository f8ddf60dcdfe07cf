import type { CodecFigures } from "../parts/codec.ts";
import type { ProfileFigures } from "../parts/profile.ts";
import type { Results } from "../results.ts";
import { formatSpread } from "../run/statistics.ts";
import { type Target, targets } from "./targets.ts";

/** By the name of the Node version, `Node 20`. */
export type ResultsByNode = ReadonlyMap<string, Results>;

/** Above it others were at work on the machine, so that single figures may be wrong by much. */
const quietLoadAverage = 0.5;

export function targetsTable(results: ResultsByNode): string {
  const rows = targets.map((target) => {
    const bound = (value: number | undefined) => (value === undefined ? "" : `${value}${target.unit && ` ${target.unit}`}`);
    const measured = [...results.values()].map((of) => cell(target, of));
    return `| ${[target.name, bound(target.atLeast), bound(target.goal), ...measured].join(" | ")} |`;
  });
  return [header(["", "at least", "goal", ...results.keys()]), ...rows, "", ...[...results].map(origin)].join("\n");
}

function cell(target: Target, results: Results): string {
  const spread = target.figure(results);
  if (spread === undefined) return "not measured";
  const { atLeast = spread.median, digits } = target;
  const reaches = target.isBetter === "higher" ? spread.median >= atLeast : spread.median <= atLeast;
  const text = spread.min === spread.max ? spread.median.toFixed(digits) : formatSpread(spread, digits);
  return reaches ? text : `**${text}**`;
}

function origin([node, { parts }]: [string, Results]): string {
  const all = Object.values(parts).filter((part) => part !== undefined);
  const unique = (values: readonly string[]) => [...new Set(values)].join(", ");
  const busiest = Math.max(...all.map(({ loadAverage }) => loadAverage));
  const noise =
    busiest > quietLoadAverage ? `; **noisy**: others used the machine (load average up to ${busiest} before a run)` : "";
  const { cpu, cores } = all[0]!;
  return `- ${node}: ${unique(all.map((part) => part.node))}, commit ${unique(all.map(({ commit }) => commit))}, ${cpu}, ${cores} cores${noise}`;
}

/** Where the time of a call goes; a column for each version of Node. */
export function stagesTable(results: ResultsByNode): string {
  const profiles = new Map([...results].map(([node, { parts }]) => [node, parts.profile?.figures as ProfileFigures | undefined]));
  const measured = [...profiles].filter((entry): entry is [string, ProfileFigures] => entry[1] !== undefined);
  const names = [...new Set(measured.flatMap(([, { stages }]) => stages.map(([name]) => name)))];
  const rows = names.map((name) => {
    const shares = measured.map(([, { stages }]) => stages.find(([stage]) => stage === name)?.[1] ?? 0);
    return `| ${[name, ...shares.map((share) => `${(100 * share).toFixed(1)} %`)].join(" | ")} |`;
  });
  return [header(["", ...measured.map(([node]) => node)]), ...rows].join("\n");
}

/** What the codecs take alone, in one Node: theirs are the figures of a gateway on the npm package. */
export function codecTable(results: ResultsByNode): string {
  const rows = [...results].flatMap(([node, { parts }]) =>
    ((parts.codec?.figures ?? []) as readonly CodecFigures[]).flatMap(({ name, jsonBytes, nanoseconds }) =>
      Object.entries(nanoseconds).map(([contestant, ns]) => {
        const rate = (1_000 * jsonBytes) / ns;
        return `| ${[node, `${name}, ${jsonBytes} bytes`, contestant, ns.toFixed(0), rate.toFixed(0)].join(" | ")} |`;
      }),
    ),
  );
  return [header(["", "", "", "ns", "MB/s of JSON"]), ...rows].join("\n");
}

function header(columns: readonly string[]): string {
  return `| ${columns.join(" | ")} |\n|${" --- |".repeat(columns.length)}`;
}
