import type { Annotations, ScalarKind } from "../schema/descriptors.ts";
import type { TypeNode } from "./syntax-tree.ts";
import type { TokenStream } from "./token-stream.ts";

const SCALARS = new Map<string, ScalarKind>([
  ["bool", "bool"],
  ["byte", "i8"],
  ["i8", "i8"],
  ["i16", "i16"],
  ["i32", "i32"],
  ["i64", "i64"],
  ["double", "double"],
  ["string", "string"],
  ["slist", "string"],
  ["binary", "binary"],
]);

export const SCALAR_NAMES: readonly string[] = [...SCALARS.keys(), "uuid"];

const NO_ANNOTATIONS: Annotations = Object.freeze([]);

/** A type, with the annotations and C++ types at its parts: those belong to code generators and are dropped. */
export function parseType(tokens: TokenStream, expected = "a type", depth = 0): TypeNode {
  const { at } = tokens;
  tokens.checkDepth(depth, "type");
  if (tokens.kind === "identifier") {
    const name = tokens.take();
    // The one built-in type that is no reserved word.
    if (name === "uuid") parseAnnotations(tokens);
    return { kind: "name", name, at };
  }
  const type = parseScalar(tokens, at) ?? parseContainer(tokens, at, expected, depth);
  parseAnnotations(tokens);
  return type;
}

/** `(name = "value", flag)`, or nothing. */
export function parseAnnotations(tokens: TokenStream): Annotations {
  if (!tokens.takeSymbol("(")) return NO_ANNOTATIONS;
  const annotations: [string, string][] = [];
  while (!tokens.takeSymbol(")")) {
    const { text } = tokens.expectIdentifier("the name of an annotation or ')'");
    annotations.push([text, tokens.takeSymbol("=") ? tokens.expectString("a string as the annotation's value") : "1"]);
    tokens.takeSeparator();
  }
  return annotations;
}

function parseScalar(tokens: TokenStream, at: number): TypeNode | undefined {
  const scalar = tokens.kind === "keyword" ? SCALARS.get(tokens.text) : undefined;
  if (scalar === undefined) return undefined;
  if (tokens.take() === "slist") tokens.warn(at, "'slist' is deprecated; it is a string");
  return { kind: "scalar", scalar, at };
}

function parseContainer(tokens: TokenStream, at: number, expected: string, depth: number): TypeNode {
  const kind = tokens.kind === "keyword" ? tokens.text : undefined;
  if (kind !== "list" && kind !== "set" && kind !== "map") {
    return tokens.fail(kind === "void" ? `${expected} ('void' is a result alone)` : expected);
  }
  tokens.take();
  parseCppType(tokens);
  tokens.expectSymbol("<", `after '${kind}'`);
  const first = parseType(tokens, "a type", depth + 1);
  if (kind === "map") {
    tokens.expectSymbol(",", "between the types of key and value");
    const value = parseType(tokens, "a type", depth + 1);
    tokens.expectSymbol(">", "after the type of the value");
    return { kind, key: first, value, at };
  }
  tokens.expectSymbol(">", "after the type of the elements");
  if (kind === "list") parseCppType(tokens);
  return { kind, element: first, at };
}

function parseCppType(tokens: TokenStream): void {
  if (tokens.takeKeyword("cpp_type")) tokens.expectString("a C++ type as a string");
}
