import { Ascii } from "./ascii.ts";
import { input } from "./input.ts";
import { failDepth, failDuplicate, failSyntax } from "./mismatch.ts";
import { skipString } from "./strings.ts";

const TRUE = 0x65757274;
const FALS = 0x736c6166;
const NULL = 0x6c6c756e;

/** The next position that holds no JSON whitespace. */
export function skipWhitespace(p: number): number {
  const { bytes } = input;
  for (;;) {
    const char = bytes[p]!;
    if (char !== 0x20 && char !== 0x0a && char !== 0x0d && char !== 0x09) return p;
    p++;
  }
}

export function skipNull(p: number): number {
  if (input.view.getInt32(p, true) !== NULL) failSyntax(p);
  return p + 4;
}

export function skipTrue(p: number): number {
  if (input.view.getInt32(p, true) !== TRUE) failSyntax(p);
  return p + 4;
}

export function skipFalse(p: number): number {
  if (input.view.getInt32(p, true) !== FALS || input.bytes[p + 4] !== Ascii.e) failSyntax(p);
  return p + 5;
}

function skipDigits(p: number): number {
  const { bytes } = input;
  const from = p;
  while ((bytes[p]! - Ascii.zero) >>> 0 < 10) p++;
  if (p === from) failSyntax(p);
  return p;
}

export function skipNumber(p: number): number {
  const { bytes } = input;
  if (bytes[p] === Ascii.minus) p++;
  p = bytes[p] === Ascii.zero ? p + 1 : skipDigits(p);
  if (bytes[p] === Ascii.dot) p = skipDigits(p + 1);
  if ((bytes[p]! | 0x20) === Ascii.e) {
    p++;
    if (bytes[p] === Ascii.plus || bytes[p] === Ascii.minus) p++;
    p = skipDigits(p);
  }
  return p;
}

/** From behind a key to the value: whitespace, colon, whitespace. */
export function skipColon(p: number): number {
  const { bytes } = input;
  if (bytes[p]! <= Ascii.space) p = skipWhitespace(p);
  if (bytes[p] !== Ascii.colon) failSyntax(p);
  p++;
  return bytes[p]! <= Ascii.space ? skipWhitespace(p) : p;
}

/** Checks the JSON value that begins at `p` and may nest `depth` levels deep. */
export function skipValue(p: number, depth: number): number {
  switch (input.bytes[p]) {
    case Ascii.quote:
      return skipString(p);
    case Ascii.braceOpen:
      return skipObject(p, depth);
    case Ascii.bracketOpen:
      return skipArray(p, depth);
    case Ascii.t:
      return skipTrue(p);
    case Ascii.f:
      return skipFalse(p);
    case Ascii.n:
      return skipNull(p);
    default:
      return skipNumber(p);
  }
}

function skipArray(p: number, depth: number): number {
  const { bytes } = input;
  if (depth === 0) failDepth(p);
  p = skipWhitespace(p + 1);
  if (bytes[p] === Ascii.bracketClose) return p + 1;
  for (;;) {
    p = skipWhitespace(skipValue(p, depth - 1));
    const char = bytes[p]!;
    if (char === Ascii.bracketClose) return p + 1;
    if (char !== Ascii.comma) failSyntax(p);
    p = skipWhitespace(p + 1);
  }
}

function skipObject(p: number, depth: number): number {
  const { bytes } = input;
  if (depth === 0) failDepth(p);
  p = skipWhitespace(p + 1);
  if (bytes[p] === Ascii.braceClose) return p + 1;
  let keys: KeySet | undefined;
  for (;;) {
    if (bytes[p] !== Ascii.quote) failSyntax(p);
    const key = p;
    p = skipString(p);
    keys = addKey(keys, key, p);
    p = skipWhitespace(skipValue(skipColon(p), depth - 1));
    const char = bytes[p]!;
    if (char === Ascii.braceClose) return p + 1;
    if (char !== Ascii.comma) failSyntax(p);
    p = skipWhitespace(p + 1);
  }
}

/** Keys of one object; a single one stands alone, since most objects that are skipped are small. */
export type KeySet = Set<string>;

/** Adds the key whose quotes stand at `start` and before `end`, and refuses it when it is there already. */
export function addKey(keys: KeySet | undefined, start: number, end: number): KeySet {
  const text = keyText(start, end);
  if (keys === undefined) return new Set([text]);
  if (keys.has(text)) failDuplicate(start);
  return keys.add(text);
}

/** One string for one key, however it is escaped. The string itself has been checked. */
function keyText(start: number, end: number): string {
  const raw = input.bytes.toString("latin1", start + 1, end - 1);
  if (!raw.includes("\\")) return raw;
  return Buffer.from(JSON.parse(input.bytes.toString("utf8", start, end)) as string).toString("latin1");
}
