export interface IdlLimits {
  /** All files together, in UTF-16 units. Default 1 MiB. */
  readonly maxIdlLength: number;
  /** Structs, unions, exceptions, enums, typedefs and services of all files. Default 2,000. */
  readonly maxTypes: number;
  /** Default 2,000. */
  readonly maxFieldsPerStruct: number;
  /** With the inherited ones. Default 500. */
  readonly maxMethodsPerService: number;
  /** Default 128. */
  readonly maxIdentifierLength: number;
  /** Of types in types and constants in constants, also through typedefs, references and defaults. Default 32. */
  readonly maxNesting: number;
  /** Faults reported before the compiler stops. Default 20. */
  readonly maxFaults: number;
}

/** Far above any IDL in use, far below what would hold up a gateway. */
export const DEFAULT_IDL_LIMITS: IdlLimits = Object.freeze({
  maxIdlLength: 1024 * 1024,
  maxTypes: 2_000,
  maxFieldsPerStruct: 2_000,
  maxMethodsPerService: 500,
  maxIdentifierLength: 128,
  maxNesting: 32,
  maxFaults: 20,
});
