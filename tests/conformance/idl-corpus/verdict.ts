import { spawnSync } from "node:child_process";
import { basename, dirname } from "node:path";
import { checkFiles } from "../../../gateway/src/check-command.ts";

export interface Verdict {
  readonly accepts: boolean;
  /** Why not, in the compiler's own words. */
  readonly reason: string;
}

export function ourVerdict(path: string): Verdict {
  const { faults } = checkFiles([path]);
  return { accepts: faults.length === 0, reason: faults.join("\n") };
}

/** Apache's compiler, asked from the file's own folder, so that includes are looked up as ours are. */
export function apacheVerdict(path: string, outputFolder: string): Verdict {
  const { status, stdout, stderr } = spawnSync("thrift", ["--gen", "py", "-out", outputFolder, basename(path)], {
    cwd: dirname(path),
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === null) throw new Error(`the compiler did not end on ${path}`);
  return { accepts: status === 0, reason: `${stdout}\n${stderr}` };
}
