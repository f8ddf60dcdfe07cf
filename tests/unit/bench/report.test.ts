import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { reportFiles } from "../../../bench/src/report/write-report.ts";

const root = resolve(import.meta.dirname, "../../..");

describe("the report of the benches", () => {
  const files = [...reportFiles()];

  test("has its document and pictures", () => {
    expect(files.map(([path]) => path)).toEqual(expect.arrayContaining(["docs/performance.md"]));
  });

  test.each(files)("%s says what bench/results holds", (path, text) => {
    expect(readFileSync(resolve(root, path), "utf8")).toBe(text);
  });
});
