import type { EncodedCall, HttpCodec, HttpRequest } from "@thriftgate/thrift";
import { GatewayError } from "../../core/errors.ts";
import { asGatewayError } from "./encode-call.ts";
import { type FormPair, parseForm } from "./parse-form.ts";
import { parseQuery, type QueryPair } from "./parse-query.ts";

/** What the codec of an annotated method may ask for. */
export interface RequestParts {
  readonly uri: string;
  readonly query: string;
  /** Of the route's path. */
  readonly parameters: Pick<ReadonlyMap<string, string>, "get">;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
  /** The Content-Type where the body is a form; the head was checked, so that else it is JSON. */
  readonly formType: string | undefined;
  /** There is no body, and the HTTP method is one that has its arguments in the query. */
  readonly inQuery: boolean;
  readonly maxArguments: number;
}

/**
 * A request of an annotated method → the call.
 * @throws {GatewayError}
 */
export function encodeHttp(codec: HttpCodec, parts: RequestParts): EncodedCall {
  const query = parseQuery(parts.query, parts.maxArguments);
  const form = parts.formType === undefined ? [] : parseForm(parts.body, parts.formType, parts.maxArguments);
  const cookies = codec.sources.has("cookie") ? parseCookies(parts.rawHeaders) : [];
  const request: HttpRequest = {
    values(source, name) {
      switch (source) {
        case "query":
          return valuesOf(query, name);
        case "form":
          return valuesOf(form, name);
        case "cookie":
          return valuesOf(cookies, name).slice(0, 1);
        case "header":
          return headerValues(parts.rawHeaders, name.toLowerCase());
        case "path": {
          const value = parts.parameters.get(name);
          return value === undefined ? [] : [value];
        }
      }
    },
    uri: parts.uri,
    body: parts.body,
    rest: restOf(parts, query, form),
  };
  try {
    return codec.encode(request);
  } catch (error) {
    throw asGatewayError(error);
  }
}

function restOf(
  { inQuery, formType }: RequestParts,
  query: readonly QueryPair[],
  form: readonly FormPair[],
): HttpRequest["rest"] {
  if (inQuery) return { source: "query", pairs: query };
  return formType === undefined ? "json" : { source: "form", pairs: form };
}

function valuesOf(pairs: readonly FormPair[], name: string): readonly (string | Uint8Array)[] {
  return pairs.filter(([key]) => key === name).map(([, value]) => value);
}

function headerValues(rawHeaders: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]!.toLowerCase() === name) values.push(headerText(rawHeaders[index + 1]!));
  }
  return values;
}

/** `node:http` hands headers on as latin1; what is beyond ASCII is UTF-8 where it is anything. */
function headerText(latin1: string): string {
  if (!/[\u0080-\u00ff]/.test(latin1)) return latin1;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, "latin1"));
  } catch (error) {
    throw new GatewayError("INVALID_UTF8", "A header holds bytes that are not UTF-8.", { cause: error });
  }
}

/** RFC 6265, section 5.4; percent-escapes are what most clients write where a value may not hold a character. */
function parseCookies(rawHeaders: readonly string[]): QueryPair[] {
  return headerValues(rawHeaders, "cookie").flatMap((header) =>
    header.split(";").flatMap((part) => {
      const equals = part.indexOf("=");
      return equals === -1 ? [] : [[part.slice(0, equals).trim(), cookieText(part.slice(equals + 1).trim())] as const];
    }),
  );
}

function cookieText(text: string): string {
  const value = text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
