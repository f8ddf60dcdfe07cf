import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { compileIdl, type IdlFault } from "@thriftgate/thrift";
import { includePaths } from "./control-plane/register/idl-scan.ts";

export interface CheckResult {
  /** A compiler's lines. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

/** What a compiler would say of these files; their includes are read from the disk, beside the file that includes them. */
export function checkFiles(paths: readonly string[]): CheckResult {
  const faults = new Set<string>();
  const warnings = new Set<string>();
  for (const path of paths) {
    const mainFile = posix.normalize(path);
    let files: Record<string, string>;
    try {
      files = readWithIncludes(mainFile);
    } catch (error) {
      faults.add(`${path}: ${reason(error)}`);
      continue;
    }
    // A file of types alone is a file that others include.
    const result = compileIdl(files, mainFile, { requireService: false });
    if (!result.ok) for (const fault of result.faults) faults.add(line("error", fault));
    else for (const warning of result.warnings) warnings.add(line("warning", warning));
  }
  return { faults: [...faults], warnings: [...warnings] };
}

/** Includes that are not there are left to the compiler, which says where they are named. */
function readWithIncludes(mainFile: string): Record<string, string> {
  const files: Record<string, string> = { [mainFile]: read(mainFile) };
  const queue = [mainFile];
  for (const file of queue) {
    for (const path of includePaths(files[file]!)) {
      const included = posix.join(posix.dirname(file), path);
      if (included in files) continue;
      try {
        files[included] = read(included);
        queue.push(included);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT")
          throw new Error(`${included}: ${reason(error)}`, { cause: error });
      }
    }
  }
  return files;
}

function read(path: string): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "is not UTF-8";
  return code ? `can't be read (${code})` : message;
}

function line(kind: "error" | "warning", { file, line, column, message, excerpt }: IdlFault): string {
  return `${file}:${line}:${column}: ${kind}: ${message}\n${excerpt.replace(/^/gm, "  ")}`;
}
