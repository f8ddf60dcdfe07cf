import type { ValueNode } from "./syntax-tree.ts";
import type { TokenStream } from "./token-stream.ts";

/** Decimal digits of the largest 64-bit integer. */
const MAX_DIGITS = 19;

/** A constant's value, as written. */
export function parseValue(tokens: TokenStream, depth = 0): ValueNode {
  const { at } = tokens;
  tokens.checkDepth(depth, "constant");
  switch (tokens.kind) {
    case "integer":
      return { kind: "integer", value: parseInteger(tokens), at };
    case "double":
      return { kind: "double", value: Number(tokens.take()), at };
    case "string":
      return { kind: "string", value: tokens.take(), at };
    case "identifier":
      return { kind: "name", name: tokens.take(), at };
  }
  if (tokens.takeSymbol("[")) {
    const elements: ValueNode[] = [];
    while (!tokens.takeSymbol("]")) {
      elements.push(parseValue(tokens, depth + 1));
      tokens.takeSeparator();
    }
    return { kind: "list", elements, at };
  }
  if (tokens.takeSymbol("{")) {
    const entries: [ValueNode, ValueNode][] = [];
    while (!tokens.takeSymbol("}")) {
      const key = parseValue(tokens, depth + 1);
      tokens.expectSymbol(":", "after a key");
      entries.push([key, parseValue(tokens, depth + 1)]);
      tokens.takeSeparator();
    }
    return { kind: "map", entries, at };
  }
  return tokens.fail("a value");
}

/** The integer that is the current token: a number where that is exact. `true` and `false` are 1 and 0, as in the compiler. */
export function parseInteger(tokens: TokenStream): number | bigint {
  const { at } = tokens;
  const text = tokens.take();
  if (text === "true") return 1;
  if (text === "false") return 0;
  const isNegative = text.startsWith("-");
  const unsigned = /^[+-]/.test(text) ? text.slice(1) : text;
  const small = Number(unsigned);
  if (small <= Number.MAX_SAFE_INTEGER) return isNegative && small !== 0 ? -small : small;
  const significant = unsigned.startsWith("0x") ? unsigned : unsigned.replace(/^0+/, "");
  if (small < 2 ** 65 && significant.length <= MAX_DIGITS + 2) {
    const value = isNegative ? -BigInt(significant) : BigInt(significant);
    if (BigInt.asIntN(64, value) === value) return value;
  }
  tokens.complain("IDL_SEMANTIC", at, "this integer does not fit into 64 bits");
  return 0;
}
