/**
 * Includes and services, with comments and literals stepped over. What is not closed is stepped over to the end, so that
 * the time is linear in any text.
 */
const TOKEN =
  /\/\*(?:[\s\S]*?\*\/|[\s\S]*)|(?:\/\/|#)[^\n]*|\binclude\s*(?:"([^"\n]*)"|'([^'\n]*)')|"[^"]*"?|'[^']*'?|\bservice\s+([A-Za-z_][\w.]*)/g;

/** The paths in the text's `include`s, as they are written. */
export function includePaths(idl: string): string[] {
  return [...idl.matchAll(TOKEN)].map((match) => match[1] ?? match[2]).filter((path) => path !== undefined);
}

/** Where a service's declaration begins. */
export function serviceDeclaration(idl: string, serviceName: string): { line: number; column: number } | undefined {
  for (const { 3: name, index } of idl.matchAll(TOKEN)) {
    if (name !== serviceName) continue;
    const before = idl.slice(0, index);
    return { line: before.split("\n").length, column: index - before.lastIndexOf("\n") };
  }
  return undefined;
}
