import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Cases that a server answers differently, for a reason of its own. */
export interface KnownDifference {
  readonly server: string;
  /** Only in these; without it in all. */
  readonly dialects?: readonly string[];
  readonly cases: readonly string[];
  readonly reason: string;
}

/** It may only shrink: a case that is listed and passes fails the run. */
const knownDifferences: readonly KnownDifference[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "known-differences.json"), "utf8"),
);

export function findKnownDifference(server: string, dialect: string, id: string): KnownDifference | undefined {
  return knownDifferences.find(
    (each) => each.server === server && each.cases.includes(id) && (each.dialects?.includes(dialect) ?? true),
  );
}
