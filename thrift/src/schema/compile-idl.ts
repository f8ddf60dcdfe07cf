import type { IdlFault } from "../idl/fault.ts";
import { CompilationStopped, FaultList } from "../idl/fault-list.ts";
import { DEFAULT_IDL_LIMITS, type IdlLimits } from "../idl/limits.ts";
import { type IdlFiles, loadFiles } from "../idl/load-files.ts";
import { Source } from "../idl/source.ts";
import type { Schema } from "./descriptors.ts";
import { link } from "./link.ts";

export type { IdlLimits } from "../idl/limits.ts";
export type { IdlFiles } from "../idl/load-files.ts";

export interface IdlOptions extends Partial<IdlLimits> {
  /** Whether a main file without a service is a fault. Default true; a tool that checks files one by one says false. */
  readonly requireService?: boolean;
}

export type IdlResult =
  | { readonly ok: true; readonly schema: Schema; readonly warnings: readonly IdlFault[] }
  | { readonly ok: false; readonly faults: readonly IdlFault[] };

/**
 * Text to linked schema: parse `files[mainFile]` and what it includes, check the semantics, link.
 * Never throws for any text, never recurses as deep as its input, takes time linear in it.
 */
export function compileIdl(files: IdlFiles, mainFile: string, options: IdlOptions = {}): IdlResult {
  const { requireService = true, ...given } = options;
  // A bound that is given as `undefined` is not given.
  const limits = {
    ...DEFAULT_IDL_LIMITS,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
  const list = new FaultList(limits.maxFaults);
  let schema: Schema | undefined;
  try {
    schema = compile(files, mainFile, limits, list);
    if (schema !== undefined && requireService && schema.services.length === 0) {
      const source = new Source(mainFile, files[mainFile]!);
      list.add("IDL_NO_SERVICE", { source, at: 0 }, "there is no service in this file; expected at least one");
    }
  } catch (error) {
    if (!(error instanceof CompilationStopped)) throw error;
  }
  const { faults, warnings } = list;
  if (schema !== undefined && faults.length === 0) return { ok: true, schema, warnings };
  return { ok: false, faults: inReadingOrder(faults) };
}

/** A file with syntax faults is not linked: what was not understood would only seem to be missing. */
function compile(files: IdlFiles, mainFile: string, limits: IdlLimits, list: FaultList): Schema | undefined {
  let length = 0;
  for (const text of Object.values(files)) length += text.length;
  if (length > limits.maxIdlLength) {
    const message = `${length} characters of IDL; at most ${limits.maxIdlLength} are allowed`;
    list.add("IDL_LIMIT", { source: new Source(mainFile, ""), at: 0 }, message);
  }
  const loaded = loadFiles(files, mainFile, list, limits);
  return list.faults.length > 0 ? undefined : link(loaded, list, limits);
}

/** Together what is in one file, from top to bottom. */
function inReadingOrder(faults: readonly IdlFault[]): IdlFault[] {
  const files = [...new Set(faults.map((fault) => fault.file))];
  return faults.toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column);
}
