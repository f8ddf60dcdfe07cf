/** Why IDL was refused. `IDL_LIMIT`: within the language, over a bound. */
export type IdlFaultCode = "IDL_SYNTAX" | "IDL_SEMANTIC" | "IDL_LIMIT" | "IDL_INCLUDE" | "IDL_NO_SERVICE";

/** One fault, as a good compiler reports it. */
export interface IdlFault {
  readonly code: IdlFaultCode;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units; a BOM counts for nothing. */
  readonly column: number;
  /** What is wrong and what was expected, one sentence without the place. */
  readonly message: string;
  /** The source line (cut to a screen's width) and, below it, a caret. */
  readonly excerpt: string;
}
