import { parseFields } from "./parse-fields.ts";
import { parseService } from "./parse-service.ts";
import { parseAnnotations, parseType } from "./parse-type.ts";
import { parseInteger, parseValue } from "./parse-value.ts";
import type { ConstNode, Definition, Document, EnumMemberNode, EnumNode, StructNode, TypedefNode } from "./syntax-tree.ts";
import type { TokenStream } from "./token-stream.ts";

/** Headers of old files; today's compilers refuse some and read `namespace` instead. They have no effect here. */
const OLD_HEADERS = new Set(
  `cpp_namespace java_package delphi_namespace php_namespace py_module perl_package ruby_namespace smalltalk_category
  smalltalk_prefix xsd_namespace csharp_namespace cocoa_prefix`.split(/\s+/),
);

/** One file, whatever its faults: what could be parsed. */
export function parseDocument(tokens: TokenStream, typesBefore: number): Document {
  const includes: { path: string; at: number }[] = [];
  const definitions: Definition[] = [];
  let types = typesBefore;
  while (tokens.kind !== "end") {
    try {
      const { at } = tokens;
      if (parseHeader(tokens, includes)) {
        if (definitions.length > 0) tokens.complain("IDL_SYNTAX", at, "headers come before the first definition");
        continue;
      }
      const definition = parseDefinition(tokens);
      if (definition.kind !== "const" && ++types > tokens.limits.maxTypes) {
        tokens.complain("IDL_LIMIT", at, `more than ${tokens.limits.maxTypes} types and services`);
      }
      definitions.push(definition);
    } catch (error) {
      tokens.resumeAtDefinition(error);
    }
  }
  return { source: tokens.source, includes, definitions };
}

function parseHeader(tokens: TokenStream, includes: { path: string; at: number }[]): boolean {
  if (tokens.takeKeyword("include")) {
    const { at } = tokens;
    includes.push({ path: tokens.expectString("the included file's name as a string"), at });
  } else if (tokens.takeKeyword("cpp_include")) {
    tokens.expectString("the included file's name as a string");
  } else if (tokens.takeKeyword("namespace")) {
    if (!tokens.takeSymbol("*")) tokens.expectIdentifier("a language or '*'");
    parseNamespaceValue(tokens);
    parseAnnotations(tokens);
  } else if (tokens.kind === "identifier" && OLD_HEADERS.has(tokens.text)) {
    tokens.warn(tokens.at, `'${tokens.text}' is deprecated; use 'namespace'`);
    tokens.take();
    parseNamespaceValue(tokens);
  } else {
    return false;
  }
  return true;
}

function parseNamespaceValue(tokens: TokenStream): void {
  if (tokens.kind === "string") tokens.take();
  else tokens.expectIdentifier("a namespace");
}

function parseDefinition(tokens: TokenStream): Definition {
  const { doc } = tokens;
  if (tokens.kind === "keyword") {
    switch (tokens.text) {
      case "typedef":
        return parseTypedef(tokens);
      case "enum":
        return parseEnum(tokens, doc);
      case "senum":
        return parseSenum(tokens);
      case "const":
        return parseConst(tokens);
      case "struct":
      case "union":
      case "exception":
        return parseStruct(tokens, tokens.text, doc);
      case "service":
        return parseService(tokens, doc);
    }
  }
  return tokens.fail("a definition (struct, union, exception, enum, typedef, const or service)");
}

function parseTypedef(tokens: TokenStream): TypedefNode {
  tokens.take();
  const type = parseType(tokens);
  const name = tokens.expectName("the name of the typedef");
  parseAnnotations(tokens);
  tokens.takeSeparator();
  return { kind: "typedef", name, type };
}

function parseConst(tokens: TokenStream): ConstNode {
  tokens.take();
  const type = parseType(tokens);
  const name = tokens.expectName("the name of the constant");
  tokens.expectSymbol("=", "after the name of a constant");
  const value = parseValue(tokens);
  tokens.takeSeparator();
  return { kind: "const", name, type, value };
}

function parseStruct(tokens: TokenStream, kind: StructNode["kind"], doc: string | undefined): StructNode {
  tokens.take();
  const name = tokens.expectName(`the name of the ${kind}`);
  if (kind !== "exception") tokens.takeKeyword("xsd_all");
  tokens.expectSymbol("{", `after the name of the ${kind}`);
  const fields = parseFields(tokens, "}");
  return { kind, name, fields, annotations: parseAnnotations(tokens), doc };
}

function parseEnum(tokens: TokenStream, doc: string | undefined): EnumNode {
  tokens.take();
  const name = tokens.expectName("the name of the enum");
  tokens.expectSymbol("{", "after the name of the enum");
  const members: EnumMemberNode[] = [];
  while (!tokens.takeSymbol("}")) {
    const { at } = tokens;
    try {
      members.push(parseEnumMember(tokens));
    } catch (error) {
      tokens.resumeInList(error, at, false);
    }
  }
  return { kind: "enum", name, members, annotations: parseAnnotations(tokens), doc };
}

function parseEnumMember(tokens: TokenStream): EnumMemberNode {
  const { doc } = tokens;
  const name = tokens.expectName("the name of a member or '}'");
  let value: EnumMemberNode["value"];
  if (tokens.takeSymbol("=")) {
    const { at } = tokens;
    if (tokens.kind !== "integer") tokens.fail("an integer as the member's value");
    value = { value: parseInteger(tokens), at };
  }
  const annotations = parseAnnotations(tokens);
  tokens.takeSeparator();
  return { name, value, annotations, doc };
}

/** An enumeration of strings, from before there were enums: a string, to everyone today. */
function parseSenum(tokens: TokenStream): TypedefNode {
  const { at } = tokens;
  tokens.warn(at, "'senum' is deprecated; it is a string");
  tokens.take();
  const name = tokens.expectName("the name of the senum");
  tokens.expectSymbol("{", "after the name of the senum");
  while (!tokens.takeSymbol("}")) {
    tokens.expectString("a string or '}'");
    tokens.takeSeparator();
  }
  parseAnnotations(tokens);
  return { kind: "typedef", name, type: { kind: "scalar", scalar: "string", at } };
}
