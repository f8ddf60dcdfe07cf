import { Ascii } from "./ascii.ts";
import { input } from "./input.ts";

/** A pointer that would be longer leads to the nearest value around whose pointer is not. */
const MAX_POINTER_LENGTH = 1_024;

/** JSON pointer (RFC 6901) to the value that stands at `offset` of the text in `input`, or around it. The text is valid JSON. */
export function pointerAt(offset: number): string {
  const { bytes } = input;
  /** For each level around: the number of the element, or −1 − the offset of the key. */
  const path: number[] = [];
  let isKey = false;
  for (let p = 0; p <= offset && p < input.end; p++) {
    switch (bytes[p]) {
      case Ascii.quote: {
        if (isKey) path[path.length - 1] = -1 - p;
        isKey = false;
        p = closingQuote(p);
        break;
      }
      case Ascii.braceOpen:
      case Ascii.bracketOpen:
        if (p === offset) break;
        isKey = bytes[p] === Ascii.braceOpen;
        path.push(isKey ? Number.NEGATIVE_INFINITY : 0);
        break;
      case Ascii.braceClose:
      case Ascii.bracketClose:
        path.pop();
        isKey = false;
        break;
      case Ascii.comma:
        if (path.at(-1)! >= 0) path[path.length - 1]!++;
        else isKey = true;
    }
  }
  let pointer = "";
  for (const step of path) {
    if (step === Number.NEGATIVE_INFINITY) break;
    const text = step < 0 ? keyAt(-1 - step) : String(step);
    if (text === undefined || pointer.length + text.length >= MAX_POINTER_LENGTH) break;
    pointer += `/${text}`;
  }
  return pointer;
}

/** To a member that the object at `offset` does not have. */
export function pointerToMember(offset: number, name: string): string {
  return `${pointerAt(offset)}/${escapeStep(name)}`;
}

/** To the argument of that name in a query. */
export function pointerToArgument(name: string): string {
  return name.length > MAX_POINTER_LENGTH ? "" : `/${escapeStep(name)}`;
}

export function escapeStep(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** `undefined`: too long for a pointer, even where each character is escaped. */
function keyAt(p: number): string | undefined {
  const end = closingQuote(p) + 1;
  if (end - p > MAX_POINTER_LENGTH * 6) return undefined;
  return escapeStep(JSON.parse(input.bytes.toString("utf8", p, end)) as string);
}

function closingQuote(p: number): number {
  const { bytes } = input;
  for (p++; bytes[p] !== Ascii.quote; p++) if (bytes[p] === Ascii.backslash) p++;
  return p;
}
