import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const cache = resolve(import.meta.dirname, "../../../.cache/conformance");

/** The directory that `build` fills, kept as long as `inputs`, all that it is made from, stay the same. */
export async function buildOnce(
  name: string,
  inputs: readonly string[],
  build: (draft: string) => Promise<void>,
): Promise<string> {
  const digest = createHash("sha256").update(inputs.join("\0")).digest("hex").slice(0, 12);
  const target = join(cache, `${name}-${digest}`);
  if (existsSync(target)) return target;
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(cache, "draft-"));
  try {
    await build(draft);
    renameSync(draft, target);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return target;
}

/** Runs a command in a directory. @throws with all that it wrote, when it fails */
export async function run(cwd: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let written = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (written += text));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: ${code}\n${written}`);
}
