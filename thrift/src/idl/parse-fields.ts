import { parseAnnotations, parseType } from "./parse-type.ts";
import { parseInteger, parseValue } from "./parse-value.ts";
import type { FieldNode, NameNode } from "./syntax-tree.ts";
import type { TokenStream } from "./token-stream.ts";

/** Reserved words that no field may be named: they may follow a field's name. */
const NEVER_FIELD_NAMES = new Set(["cpp_type", "xsd_all", "xsd_optional", "xsd_nillable", "xsd_attrs", "slist", "senum"]);

/** The fields up to the closing `}` or `)`, which is taken as well. */
export function parseFields(tokens: TokenStream, close: "}" | ")", depth = 0): FieldNode[] {
  tokens.checkDepth(depth, "field list");
  const fields: FieldNode[] = [];
  while (!tokens.takeSymbol(close)) {
    const { at } = tokens;
    try {
      if (fields.length >= tokens.limits.maxFieldsPerStruct) {
        tokens.complain("IDL_LIMIT", at, `more than ${tokens.limits.maxFieldsPerStruct} fields`);
      }
      fields.push(parseField(tokens, close, depth));
    } catch (error) {
      tokens.resumeInList(error, at, close === ")");
    }
  }
  return fields;
}

function parseField(tokens: TokenStream, close: string, depth: number): FieldNode {
  const { doc } = tokens;
  const id = parseId(tokens);
  const requiredness = tokens.takeKeyword("required") ? "required" : tokens.takeKeyword("optional") ? "optional" : "default";
  const isStart = id === undefined && requiredness === "default";
  const type = parseType(tokens, isStart ? `a field or '${close}'` : "the type of the field");
  tokens.takeSymbol("&");
  const name = parseFieldName(tokens);
  const value = tokens.takeSymbol("=") ? parseValue(tokens) : undefined;
  skipXsdLeftovers(tokens, depth);
  const annotations = parseAnnotations(tokens);
  tokens.takeSeparator();
  return { id, requiredness, type, name, value, annotations, doc };
}

function parseId(tokens: TokenStream): FieldNode["id"] {
  if (tokens.kind !== "integer") return undefined;
  const { at } = tokens;
  const value = parseInteger(tokens);
  tokens.expectSymbol(":", "after a field's id");
  return { value, at };
}

/** A field, unlike anything else, may be named by a reserved word: the newer compilers take it. */
function parseFieldName(tokens: TokenStream): NameNode {
  if (tokens.kind === "keyword" && !NEVER_FIELD_NAMES.has(tokens.text)) {
    const { at } = tokens;
    return { text: tokens.take(), at };
  }
  return tokens.expectName("the name of the field");
}

function skipXsdLeftovers(tokens: TokenStream, depth: number): void {
  tokens.takeKeyword("xsd_optional");
  tokens.takeKeyword("xsd_nillable");
  if (tokens.takeKeyword("xsd_attrs")) {
    tokens.expectSymbol("{", "after 'xsd_attrs'");
    parseFields(tokens, "}", depth + 1);
  }
}
