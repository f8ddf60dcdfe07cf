import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { root } from "./contestants/contestant.ts";

/** What `--keep` writes, one file for each major version of Node. */
export interface Results {
  readonly parts: Readonly<Record<string, PartResult | undefined>>;
}

interface PartResult extends Machine {
  readonly figures: unknown;
}

export interface Machine {
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  /** Before the part began to be measured: above 0.5 others were at work too. */
  readonly loadAverage: number;
}

const begunUnderLoad = loadavg()[0]!;

export function machine(): Machine {
  // What the bench itself writes is no change of what it measures.
  const isClean = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/results", ":!docs") === "";
  return {
    commit: git("rev-parse", "--short", "HEAD") + (isClean ? "" : " with changes"),
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    loadAverage: Math.round(begunUnderLoad * 10) / 10,
  };
}

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
}

/** `v20.19.0` → `bench/results/node20.json` */
function resultsFile(nodeVersion: string): string {
  return join(root, `bench/results/node${/\d+/.exec(nodeVersion)![0]}.json`);
}

export function readResults(file: string): Results {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { parts: {} };
}

/** Replaces one part's figures. */
export function keepResult(part: string, figures: unknown): void {
  const file = resultsFile(process.version);
  const { parts } = readResults(file);
  writeFileSync(file, `${JSON.stringify({ parts: { ...parts, [part]: { ...machine(), figures } } }, rounded, 1)}\n`);
}

/** Four digits are more than any figure holds. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
