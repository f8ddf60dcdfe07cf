/** Columns of an excerpt: fits a terminal beside a file name. */
const EXCERPT_WIDTH = 100;

/** One IDL file: its text, and what stands where in it. */
export class Source {
  readonly name: string;
  /** Without a leading byte order mark. */
  readonly text: string;
  /** Offsets of the lines' first characters; made when the first fault asks for its place. */
  #lineStarts: number[] | undefined;

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text.startsWith("\uFEFF") ? text.slice(1) : text;
  }

  /** Line and column of an offset, both from 1. */
  locate(at: number): { line: number; column: number } {
    this.#lineStarts ??= lineStarts(this.text);
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - starts[low]! + 1 };
  }

  /** The line around an offset, and a caret below it. */
  excerpt(at: number): string {
    const { text } = this;
    const lineStart = at - this.locate(at).column + 1;
    const newline = text.indexOf("\n", at);
    let lineEnd = newline < 0 ? text.length : newline;
    if (lineEnd > lineStart && text[lineEnd - 1] === "\r") lineEnd--;

    let from = Math.max(lineStart, Math.min(at - EXCERPT_WIDTH / 2, lineEnd - EXCERPT_WIDTH));
    let to = Math.min(lineEnd, from + EXCERPT_WIDTH);
    if (isLowSurrogate(text, from)) from++;
    if (isLowSurrogate(text, to)) to--;
    const before = from > lineStart ? "…" : "";
    const line = `${before}${printable(text.slice(from, to))}${to < lineEnd ? "…" : ""}`;
    const indent = line.slice(0, before.length + Math.max(0, Math.min(at, to) - from));
    return `${line}\n${indent.replace(/[^\t]/g, " ")}^`;
  }
}

export interface Place {
  readonly source: Source;
  /** Offset into the text, in UTF-16 units. */
  readonly at: number;
}

/** A stranger's text, fit for a message: cut to a line's length, nothing in it that a terminal obeys. */
export function printable(text: string): string {
  const cut = text.length > EXCERPT_WIDTH ? `${text.slice(0, EXCERPT_WIDTH)}…` : text;
  return cut.replace(/[^\P{Cc}\t]|\p{Cs}|[\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, "\uFFFD");
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function isLowSurrogate(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}
