import { posix } from "node:path";
import { invalidField, quote } from "../fields.ts";
import { includePaths } from "./idl-scan.ts";

/**
 * Which file holds the service: the only one; else the one named like it, in whatever folder; else the only one that no other
 * file includes.
 */
export function pickMainFile(files: Readonly<Record<string, string>>, serviceName: string, pointer: string): string {
  const names = Object.keys(files);
  const named = names.filter((name) => posix.basename(name) === `${serviceName}.thrift`);
  if (named.length === 1) return named[0]!;
  const included = new Set(names.flatMap((name) => includesOf(name, files[name]!)));
  const roots = names.filter((name) => !included.has(name));
  if (names.length === 1 || roots.length === 1) return (roots[0] ?? names[0])!;
  throw invalidField(
    pointer,
    `Which file holds the service is not clear: name one ${quote(`${serviceName}.thrift`)}, or leave only one that no other includes.`,
  );
}

/** As they are written, and as they are meant from the including file's folder. */
function includesOf(file: string, text: string): string[] {
  return includePaths(text).flatMap((path) => [path, posix.join(posix.dirname(file), path)]);
}
