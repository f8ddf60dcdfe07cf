import { describeCycle, orderByDependency } from "./dependency-order.ts";
import type { FaultList } from "./fault-list.ts";
import { parseDocument } from "./parse-document.ts";
import { printable, Source } from "./source.ts";
import { suggest } from "./suggest.ts";
import type { Document } from "./syntax-tree.ts";
import { type ParseLimits, TokenStream } from "./token-stream.ts";

/** IDL text by file name. Includes are looked up here and nowhere else: never on a disk. */
export type IdlFiles = Readonly<Record<string, string>>;

export interface LoadedFile {
  readonly document: Document;
  /** The files it includes, as indexes of the loaded files, and where. */
  readonly includes: readonly { readonly file: number; readonly at: number }[];
  /** The name before the dot in `shared.Asset`, for files that include this one. */
  readonly prefix: string;
}

/** Parses the main file and all that it includes; the main file is the first. */
export function loadFiles(files: IdlFiles, mainFile: string, faults: FaultList, limits: ParseLimits): LoadedFile[] {
  const texts = new Map(Object.entries(files));
  const mainText = texts.get(mainFile);
  if (mainText === undefined) {
    faults.add("IDL_INCLUDE", { source: new Source(mainFile, ""), at: 0 }, `there is no file named '${mainFile}'`);
    return [];
  }
  const namesByPath = new Map([...texts.keys()].reverse().map((name) => [normalise(name), name]));
  const queue = [mainFile];
  const indexes = new Map([[mainFile, 0]]);
  const loaded: LoadedFile[] = [];
  let types = 0;
  for (const name of queue) {
    const document = parseDocument(new TokenStream(new Source(name, texts.get(name)!), faults, limits), types);
    types += document.definitions.filter((definition) => definition.kind !== "const").length;
    const includes: { file: number; at: number }[] = [];
    for (const { path, at } of document.includes) {
      const found = texts.has(path) ? path : namesByPath.get(normalise(directory(name) + path));
      if (found === undefined) {
        const message = `'${name}' includes '${printable(path)}', which is not among the files given`;
        faults.add(
          "IDL_INCLUDE",
          { source: document.source, at },
          message +
            suggest(
              path,
              [...texts.keys()].filter((other) => other !== name),
            ),
        );
        continue;
      }
      let index = indexes.get(found);
      if (index === undefined) {
        index = queue.push(found) - 1;
        indexes.set(found, index);
      }
      includes.push({ file: index, at });
    }
    loaded.push({ document, includes, prefix: prefixOf(name) });
  }
  refuseCycles(loaded, faults);
  return loaded;
}

function refuseCycles(files: readonly LoadedFile[], faults: FaultList): void {
  orderByDependency(
    files.length,
    (file) => files[file]!.includes.map((include) => include.file),
    (path) => {
      const last = files[path[path.length - 1]!]!;
      const cycle = describeCycle(path.map((file) => files[file]!.document.source.name));
      const { at } = last.includes.find((include) => include.file === path[0])!;
      faults.add("IDL_INCLUDE", { source: last.document.source, at }, `a file may not include itself: ${cycle}`);
    },
  );
}

/** Without `.` and with `..` taken away where it can be. What is left of `..` leads to no file unless one was given by that name. */
function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    const last = parts[parts.length - 1];
    if (part === ".." && last !== undefined && last !== "" && last !== "..") parts.pop();
    else if (part !== "." && (part !== "" || parts.length === 0)) parts.push(part);
  }
  return parts.join("/");
}

function directory(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

function prefixOf(name: string): string {
  const base = name.slice(name.lastIndexOf("/") + 1);
  const dot = base.lastIndexOf(".");
  return dot < 0 ? base : base.slice(0, dot);
}
