import type { RequestFaultCode } from "./request-fault.ts";

/**
 * What a scanner throws: where and why, cheaply. `explain` turns it into a {@link RequestFault}. There is one object,
 * since one JSON text is scanned at a time.
 */
export const mismatch: {
  /** Of the value or key in the JSON text. */
  offset: number;
  code: RequestFaultCode;
  /** With INVALID_TYPE and OUT_OF_RANGE what was expected, as a noun phrase; else the whole sentence. */
  detail: string;
  /** What stands there, where more can be said than the kind of value. */
  found: string | undefined;
  /** A field that the object at `offset` lacks. */
  member: string | undefined;
} = { offset: 0, code: "INVALID_JSON", detail: "", found: undefined, member: undefined };

export function fail(offset: number, code: RequestFaultCode, detail: string, found?: string, member?: string): never {
  mismatch.offset = offset;
  mismatch.code = code;
  mismatch.detail = detail;
  mismatch.found = found;
  mismatch.member = member;
  throw mismatch;
}

export function failType(offset: number, expected: string, found?: string): never {
  return fail(offset, "INVALID_TYPE", expected, found);
}

/** Not JSON: the exact fault is found out by `syntaxFault`, which reads the whole text. */
export function failSyntax(offset: number): never {
  return fail(offset, "INVALID_JSON", "expected JSON");
}

export function failDepth(offset: number): never {
  return fail(offset, "JSON_TOO_DEEP", "nested too deep");
}

export function failDuplicate(offset: number): never {
  return fail(offset, "DUPLICATE_KEY", "the key occurs twice in its object");
}
