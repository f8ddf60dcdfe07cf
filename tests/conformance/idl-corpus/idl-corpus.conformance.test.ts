import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith, idlCorpus } from "../../support/components.ts";
import { expectTableIn } from "../../support/document-table.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../../support/temporary-directory.ts";
import { fetchPackage, type Package } from "./fetch-package.ts";
import differences from "./known-differences.json" with { type: "json" };
import packages from "./packages.json" with { type: "json" };
import { apacheVerdict, ourVerdict } from "./verdict.ts";

interface Difference {
  readonly accepts: string;
  readonly because: string;
  /** What the one that refuses says. */
  readonly refusal: string;
  /** By package. */
  readonly files: Readonly<Partial<Record<string, readonly string[]>>>;
}

interface Row {
  readonly title: string;
  bothAccept: number;
  bothRefuse: number;
  onlyOurs: number;
  onlyApache: number;
}

describeWith(idlCorpus, "the IDL of published packages", () => {
  const rows: Row[] = [];
  let output: TemporaryDirectory;

  beforeAll(() => {
    output = createTemporaryDirectory();
  });
  afterAll(() => output.remove());

  it.each(packages as Package[])(
    "$name $version: our verdicts are the Apache compiler's, but for those that are known",
    {
      timeout: 300_000,
    },
    (each) => {
      const title = `${each.name} ${each.version}`;
      const row: Row = { title, bothAccept: 0, bothRefuse: 0, onlyOurs: 0, onlyApache: 0 };
      const { root, paths } = fetchPackage(each);
      expect(paths).toHaveLength(each.files);
      const known = new Map(
        (differences as readonly Difference[]).flatMap((difference) =>
          (difference.files[title] ?? []).map((path) => [path, difference] as const),
        ),
      );
      const unexpected: string[] = [];
      for (const path of paths) {
        const ours = ourVerdict(join(root, path));
        const apache = apacheVerdict(join(root, path), output.path);
        const difference = known.get(path);
        if (ours.accepts === apache.accepts) {
          row[ours.accepts ? "bothAccept" : "bothRefuse"]++;
          if (difference !== undefined) unexpected.push(`${path}: no difference any more; take it off the list`);
          continue;
        }
        row[ours.accepts ? "onlyOurs" : "onlyApache"]++;
        const { reason } = ours.accepts ? apache : ours;
        const explains = difference?.accepts === (ours.accepts ? "ours" : "Apache") && reason.includes(difference.refusal);
        if (!explains) unexpected.push(`${path}: accepted by ${ours.accepts ? "ours" : "Apache's"} alone: ${reason.trim()}`);
        known.delete(path);
      }
      rows.push(row);
      expect(unexpected).toEqual([]);
      expect([...known.keys()]).toEqual([]);
    },
  );

  it("is as the document says", () => {
    const sum = (key: Exclude<keyof Row, "title">) => rows.reduce((total, row) => total + row[key], 0);
    const all: Row = {
      title: "all",
      bothAccept: sum("bothAccept"),
      bothRefuse: sum("bothRefuse"),
      onlyOurs: sum("onlyOurs"),
      onlyApache: sum("onlyApache"),
    };
    expect(all.onlyOurs).toBeLessThanOrEqual(31);
    expect(all.onlyApache).toBeLessThanOrEqual(6);
    const header = ["package", "both accept", "both refuse", "only ours accepts", "only Apache's accepts"];
    const cells = [...rows, all].map((row) => Object.values(row).map(String));
    expectTableIn("docs/conformance.md", "idl-corpus", [header, ...cells]);
  });
});
