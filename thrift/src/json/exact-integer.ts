/** The most digits of a 64-bit integer. */
const MAX_DIGITS = 19;

/** Longer texts are no number that anybody means. */
const MAX_LENGTH = 1_024;

/**
 * The value of a decimal number, exactly. "fraction": it is no integer; "huge": it has more digits than 64 bits hold;
 * "text": it is no number.
 */
export function exactInteger(text: string): bigint | "fraction" | "huge" | "text" {
  const parts = text.length <= MAX_LENGTH ? /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text) : null;
  if (parts === null) return "text";
  const [, sign, whole, fraction = "", exponent = "0"] = parts;
  const digits = whole! + fraction;
  let from = 0;
  while (digits[from] === "0") from++;
  let to = digits.length;
  while (to > from && digits[to - 1] === "0") to--;
  if (from === to) return 0n;
  const zeros = Number(exponent) + whole!.length - to;
  if (zeros < 0) return "fraction";
  if (to - from + zeros > MAX_DIGITS) return "huge";
  return BigInt(sign + digits.slice(from, to) + "0".repeat(zeros));
}
