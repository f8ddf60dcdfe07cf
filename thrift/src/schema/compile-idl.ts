import type { IdlFault } from "../idl/fault.ts";
import type { Schema } from "./descriptors.ts";

/** IDL text by file name. Includes are looked up here and nowhere else: never on a disk. */
export type IdlFiles = Readonly<Record<string, string>>;

export interface IdlLimits {
  /** All files together, in UTF-16 units. Default 1 MiB. */
  readonly maxIdlLength: number;
  /** Structs, unions, exceptions, enums, typedefs and services of all files. Default 2,000. */
  readonly maxTypes: number;
  /** Default 2,000. */
  readonly maxFieldsPerStruct: number;
  /** Default 500. */
  readonly maxMethodsPerService: number;
  /** Default 128. */
  readonly maxIdentifierLength: number;
  /** Of types in types and constants in constants. Default 32. */
  readonly maxNesting: number;
  /** Faults reported before the compiler stops. Default 20. */
  readonly maxFaults: number;
}

export type IdlResult =
  | { readonly ok: true; readonly schema: Schema; readonly warnings: readonly IdlFault[] }
  | { readonly ok: false; readonly faults: readonly IdlFault[] };

/**
 * Text to linked schema: parse `files[mainFile]` and what it includes, check the semantics, link.
 * Never throws for any text, never recurses as deep as its input, takes time linear in it.
 */
export const compileIdl: (files: IdlFiles, mainFile: string, limits?: Partial<IdlLimits>) => IdlResult = () => {
  throw new Error("to be built");
};
