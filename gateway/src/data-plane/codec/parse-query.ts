import { GatewayError } from "../../core/errors.ts";

export type QueryPair = readonly [name: string, value: string];

/**
 * The arguments of a query string in their order: `&` between them, `+` for a space, percent-escapes in UTF-8. Brackets and
 * dots mean nothing here, so that no name can reach into an object.
 * @throws {GatewayError}
 */
export function parseQuery(query: string, maxArguments: number, what: "query" | "form" = "query"): QueryPair[] {
  const pairs: QueryPair[] = [];
  let start = 0;
  while (start < query.length) {
    let end = query.indexOf("&", start);
    if (end === -1) end = query.length;
    if (end > start) {
      if (pairs.length === maxArguments) {
        throw new GatewayError("LIMIT_EXCEEDED", `The ${what} has more than ${maxArguments} arguments.`);
      }
      pairs.push(parsePair(query.slice(start, end), what));
    }
    start = end + 1;
  }
  return pairs;
}

function parsePair(text: string, what: string): QueryPair {
  const equals = text.indexOf("=");
  return equals === -1 ? [decode(text, what), ""] : [decode(text.slice(0, equals), what), decode(text.slice(equals + 1), what)];
}

const notPlain = /[%+\u0080-\uffff]/;
const badEscape = /%(?![0-9a-f]{2})/i;

function decode(text: string, what: string): string {
  if (!notPlain.test(text)) return text;
  if (badEscape.test(text)) throw new GatewayError("BAD_REQUEST", `The ${what} holds a percent sign that begins no escape.`);
  // node:http hands the target on as latin1: such a byte was not percent-encoded.
  if (/[\u0080-\uffff]/.test(text))
    throw new GatewayError("INVALID_UTF8", `The ${what} holds bytes that must be percent-encoded.`);
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (error) {
    throw new GatewayError("INVALID_UTF8", `The ${what}'s percent-escapes are not UTF-8.`, { cause: error });
  }
}
