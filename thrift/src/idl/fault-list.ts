import type { IdlFault, IdlFaultCode } from "./fault.ts";
import type { Place } from "./source.ts";

/** Thrown to leave the compiler early: enough faults were found, or a bound was passed. */
export class CompilationStopped extends Error {}

/** What the compiler has to say, in the order of its finding. */
export class FaultList {
  readonly faults: IdlFault[] = [];
  readonly warnings: IdlFault[] = [];
  readonly #maxFaults: number;

  constructor(maxFaults: number) {
    this.#maxFaults = maxFaults;
  }

  /** A fault that is come upon twice is one. A fault over a bound ends the work: going on is what the bound forbids. */
  add(code: IdlFaultCode, place: Place, message: string): void {
    const fault = describe(code, place, message);
    if (!this.faults.some((known) => isSame(known, fault))) this.faults.push(fault);
    if (code === "IDL_LIMIT" || this.faults.length >= this.#maxFaults) throw new CompilationStopped();
  }

  warn(code: IdlFaultCode, place: Place, message: string): void {
    if (this.warnings.length < this.#maxFaults) this.warnings.push(describe(code, place, message));
  }
}

function describe(code: IdlFaultCode, { source, at }: Place, message: string): IdlFault {
  return { code, file: source.name, ...source.locate(at), message, excerpt: source.excerpt(at) };
}

function isSame(a: IdlFault, b: IdlFault): boolean {
  return a.line === b.line && a.column === b.column && a.file === b.file && a.message === b.message;
}
