import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect } from "vitest";

/**
 * The table between the comments `<!-- NAME -->` and `<!-- /NAME -->` of a document is this one, whose first row is its header.
 * `UPDATE_DOCUMENTS=1` writes it there.
 */
export function expectTableIn(document: string, name: string, rows: readonly (readonly string[])[]): void {
  const path = resolve(import.meta.dirname, "../..", document);
  const text = readFileSync(path, "utf8");
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const at = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  if (at < begin.length || to < at) throw new Error(`${document} has no place for the table ${name}`);
  const [header, ...body] = rows;
  const lines = [header!, header!.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |\n`);
  const table = `\n${lines.join("")}\n`;
  if (process.env.UPDATE_DOCUMENTS === "1") writeFileSync(path, text.slice(0, at) + table + text.slice(to));
  else expect(text.slice(at, to)).toBe(table);
}
