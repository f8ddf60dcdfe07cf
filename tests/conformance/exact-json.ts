/** A number as it is written: `JSON.parse` would round it. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return { [marker]: this.text };
  }
}

export type Exact = null | boolean | string | ExactNumber | Exact[] | { [key: string]: Exact };

const marker = "\u0001number";
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const markedNumber = /\{"\\u0001number":"([^"]*)"\}/g;

export function parseExact(text: string): Exact {
  const marked = text.replace(stringOrNumber, (token) =>
    token.startsWith('"') ? token : `{${JSON.stringify(marker)}:"${token}"}`,
  );
  return JSON.parse(marked, (_, value) =>
    typeof value === "object" && value !== null && marker in value ? new ExactNumber(value[marker]) : value,
  );
}

export function printExact(value: Exact): string {
  return JSON.stringify(value).replace(markedNumber, "$1");
}

export function isMembers(value: Exact): value is { [key: string]: Exact } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
