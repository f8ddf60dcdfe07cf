export const Ascii = {
  space: 0x20,
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  slash: 0x2f,
  zero: 0x30,
  colon: 0x3a,
  equals: 0x3d,
  bracketOpen: 0x5b,
  backslash: 0x5c,
  bracketClose: 0x5d,
  e: 0x65,
  f: 0x66,
  n: 0x6e,
  t: 0x74,
  u: 0x75,
  braceOpen: 0x7b,
  braceClose: 0x7d,
} as const;

/** The value of a hex digit by its byte; 255 for any other. */
export const hexValues = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  hexValues[digit.charCodeAt(0)] = value;
  hexValues[digit.toUpperCase().charCodeAt(0)] = value;
}

/** What `\b` and its like stand for; 0 where there is no such escape. `\u` is apart. */
export const escapeValues = new Uint8Array(256);
for (const [letter, char] of ['""', "\\\\", "//", "b\b", "f\f", "n\n", "r\r", "t\t"]) {
  escapeValues[letter!.charCodeAt(0)] = char!.charCodeAt(0);
}
