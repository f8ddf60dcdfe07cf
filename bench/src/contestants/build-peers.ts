import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const source = resolve(import.meta.dirname, "../../peers");
const cache = resolve(import.meta.dirname, "../../../.cache/peers");

/** The Go peers' program. Built once for each state of its source; the first time, with nothing cached, that is a minute or two. */
export function buildPeers(): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(source).sort()) hash.update(readFileSync(join(source, file)));
  const program = join(cache, hash.digest("hex").slice(0, 16), "peers");
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  process.stderr.write("building the Go peers of bench/peers …\n");
  execFileSync("go", ["build", "-o", program, "."], { cwd: source, stdio: ["ignore", "inherit", "inherit"] });
  return program;
}
