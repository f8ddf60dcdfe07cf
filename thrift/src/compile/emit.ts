/**
 * Generated source is a security boundary: names and defaults of a hostile IDL must stay data. The only ways from a
 * schema into source text are {@link integer} and the numbered slots of {@link SourceUnit}: not even a quoted string is one.
 */

/** An integer as a JavaScript literal. */
export function integer(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError(`not an integer: ${typeof value}`);
  return value < 0 ? `(${value})` : String(value);
}

/** Source text and the values that it refers to by slot. */
export class SourceUnit {
  readonly #values: unknown[] = [];

  /** The expression of a value that is no literal: bytes, functions, other units' functions. */
  slot(value: unknown): string {
    this.#values.push(value);
    return `slots[${this.#values.length - 1}]`;
  }

  /** Runs `source`, the body of a function that sees `slots` alone, and returns what it returns. */
  evaluate(source: string): unknown {
    const run = new Function("slots", `"use strict";\n${source}`) as (slots: readonly unknown[]) => unknown;
    return run(this.#values);
  }
}
