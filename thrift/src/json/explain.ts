import { Ascii } from "./ascii.ts";
import { input } from "./input.ts";
import { mismatch } from "./mismatch.ts";
import { pointerAt, pointerToMember } from "./pointer.ts";
import { RequestFault } from "./request-fault.ts";
import { syntaxFault } from "./syntax.ts";

/**
 * Why the text in `input` was refused, for its author. A text that is no JSON is that before all else, then it is not UTF-8 or
 * nested too deep; only then is it of a wrong type, so that the answer does not depend on what was scanned first.
 */
export function explain(maxDepth: number): RequestFault {
  const { offset, code, detail, found, member } = mismatch;
  const syntax = syntaxFault(maxDepth);
  if (syntax !== undefined) {
    const pointer = syntax.code === "INVALID_JSON" ? "" : pointerAt(syntax.offset);
    return new RequestFault(syntax.code, pointer, `${syntax.message} (${place(syntax.offset)})`);
  }
  const pointer = member === undefined ? pointerAt(offset) : pointerToMember(offset, member);
  switch (code) {
    case "INVALID_TYPE":
      return new RequestFault(code, pointer, `expected ${detail}, found ${found ?? kindAt(offset)}`);
    case "OUT_OF_RANGE":
      return new RequestFault(code, pointer, `expected ${detail}, found a number out of range`);
    default:
      return new RequestFault(code, pointer, detail);
  }
}

function kindAt(offset: number): string {
  switch (input.bytes[offset]) {
    case Ascii.quote:
      return "a string";
    case Ascii.braceOpen:
      return "an object";
    case Ascii.bracketOpen:
      return "an array";
    case Ascii.t:
      return "true";
    case Ascii.f:
      return "false";
    case Ascii.n:
      return "null";
    default:
      return "a number";
  }
}

/** Lines and columns from 1; columns count bytes, as the offset does. */
function place(offset: number): string {
  let line = 1;
  let lineStart = 0;
  for (let p = input.bytes.indexOf(0x0a); p >= 0 && p < offset; p = input.bytes.indexOf(0x0a, p + 1)) {
    line++;
    lineStart = p + 1;
  }
  return `line ${line}, column ${offset - lineStart + 1}, byte ${offset}`;
}
