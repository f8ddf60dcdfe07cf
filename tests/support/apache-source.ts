import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Of Apache's repository, whose Go module holds all of it; Debian's packages are built from the same. */
export const apacheVersion = "v0.17.0";

let source: string | undefined;

/** The directory of Apache's sources, which `go` fetches once into its own cache; `undefined` without `go`. */
export function findApacheSource(): string | undefined {
  source ??= directoryOf(
    spawnSync("go", ["mod", "download", "-json", `github.com/apache/thrift@${apacheVersion}`], { encoding: "utf8" }).stdout,
  );
  return source;
}

function directoryOf(answer: string | undefined): string | undefined {
  return answer ? JSON.parse(answer).Dir : undefined;
}

/** Copies a file or folder of Apache's sources to the same place below `target`, where it may be written. */
export function copyApache(path: string, target: string): void {
  cpSync(join(findApacheSource()!, path), join(target, path), { recursive: true });
  makeWritable(join(target, path));
}

function makeWritable(path: string): void {
  const isDirectory = statSync(path).isDirectory();
  chmodSync(path, isDirectory ? 0o755 : 0o644);
  if (isDirectory) for (const name of readdirSync(path)) makeWritable(join(path, name));
}

/** @throws when there is nothing to replace: Apache's text is another one than it was */
export function replaceIn(file: string, replacements: readonly (readonly [old: string, now: string])[]): void {
  let text = readFileSync(file, "utf8");
  for (const [old, now] of replacements) {
    if (!text.includes(old)) throw new Error(`${file} has no ${old}`);
    text = text.replaceAll(old, now);
  }
  writeFileSync(file, text);
}
