import { expect } from "vitest";
import type { IdlFault } from "../../../../thrift/src/idl/fault.ts";
import { compileIdl, type IdlOptions } from "../../../../thrift/src/schema/compile-idl.ts";
import type { Schema } from "../../../../thrift/src/schema/descriptors.ts";

/** Compiles one file that need not have a service. */
export function compileText(text: string, options: IdlOptions = {}) {
  return compileIdl({ "main.thrift": text }, "main.thrift", { requireService: false, ...options });
}

/** The schema of a text that is expected to have no fault. */
export function schemaOf(text: string, options?: IdlOptions): Schema {
  const result = compileText(text, options);
  expect(result.ok ? [] : result.faults.map(inShort)).toEqual([]);
  return (result as { schema: Schema }).schema;
}

export function faultsOf(text: string, options?: IdlOptions): readonly IdlFault[] {
  const result = compileText(text, options);
  return result.ok ? [] : result.faults;
}

export function inShort({ line, column, code, message }: IdlFault): string {
  return `${line}:${column} ${code} ${message}`;
}

/** Splits a text with `^` before the place of its fault, a character that IDL does not have, into the text and the place. */
export function splitAtCaret(marked: string): { text: string; line: number; column: number } {
  const before = marked.slice(0, marked.indexOf("^"));
  const line = before.split("\n").length;
  return { text: marked.replace("^", ""), line, column: before.length - before.lastIndexOf("\n") };
}
