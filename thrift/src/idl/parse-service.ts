import { parseFields } from "./parse-fields.ts";
import { parseAnnotations, parseType } from "./parse-type.ts";
import type { MethodNode, ServiceNode } from "./syntax-tree.ts";
import type { TokenStream } from "./token-stream.ts";

export function parseService(tokens: TokenStream, doc: string | undefined): ServiceNode {
  tokens.take();
  const name = tokens.expectName("the name of the service");
  const base = tokens.takeKeyword("extends") ? tokens.expectIdentifier("the name of a service") : undefined;
  tokens.expectSymbol("{", "after the name of the service");
  const methods: MethodNode[] = [];
  while (!tokens.takeSymbol("}")) {
    const { at } = tokens;
    try {
      if (methods.length >= tokens.limits.maxMethodsPerService) {
        tokens.complain("IDL_LIMIT", at, `more than ${tokens.limits.maxMethodsPerService} methods`);
      }
      methods.push(parseMethod(tokens));
    } catch (error) {
      tokens.resumeInList(error, at, false);
    }
  }
  return { kind: "service", name, extends: base, methods, annotations: parseAnnotations(tokens), doc };
}

function parseMethod(tokens: TokenStream): MethodNode {
  const { doc, at } = tokens;
  const isAsync = tokens.takeKeyword("async");
  if (isAsync) tokens.warn(at, "'async' is deprecated; use 'oneway'");
  const oneway = isAsync || tokens.takeKeyword("oneway");
  const result = tokens.takeKeyword("void") ? undefined : parseType(tokens, oneway ? "'void'" : "a method or '}'");
  const name = tokens.expectName("the name of the method");
  tokens.expectSymbol("(", "after the name of a method");
  const parameters = parseFields(tokens, ")");
  const exceptions = tokens.takeKeyword("throws") ? parseThrows(tokens) : [];
  const annotations = parseAnnotations(tokens);
  tokens.takeSeparator();
  return { name, oneway, result, parameters, exceptions, annotations, doc };
}

function parseThrows(tokens: TokenStream): MethodNode["exceptions"] {
  tokens.expectSymbol("(", "after 'throws'");
  return parseFields(tokens, ")");
}
