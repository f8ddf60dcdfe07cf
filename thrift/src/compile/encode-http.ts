import type { NamedSource } from "../json/field-mapping.ts";
import { membersOf } from "../json/members.ts";
import { escapeStep, pointerToArgument } from "../json/pointer.ts";
import { RequestFault } from "../json/request-fault.ts";
import { assertStrictJson } from "../json/strict-json.ts";
import type { TypeDescriptor } from "../schema/descriptors.ts";
import { isScalar } from "../schema/scalar-type.ts";
import type { EncodedCall } from "./codec.ts";
import { base64Json, stringJson, type TextEncoder, type TextValue, withPointers } from "./encode-text.ts";
import type { HttpBindings, SourcedField } from "./http-bindings.ts";

/** What an HTTP request holds, decoded. The files of a form are bytes. */
export interface HttpRequest {
  /** All values of that name, in their order; none where it is not there. */
  values(source: NamedSource, name: string): readonly TextValue[];
  /** The target, as it was sent. */
  readonly uri: string;
  /** Whatever it holds. */
  readonly body: Uint8Array;
  /** What the fields without a source of their own come from: the body as JSON, or name–value pairs. */
  readonly rest:
    | "json"
    | { readonly source: "query" | "form"; readonly pairs: readonly (readonly [name: string, value: TextValue])[] };
}

/** A field's value, and what to call the place that it came from. */
interface Found {
  readonly json: string;
  readonly place: string;
  readonly name: string;
}

/**
 * The encoder of calls whose fields stand in several places of a request: they are brought together as the JSON that says the same, so that
 * every rule of JSON holds for them too. What a place of its own holds counts before the body.
 */
export function createHttpEncoder(
  { sources }: HttpBindings,
  { maxDepth }: { readonly maxDepth: number },
  text: TextEncoder,
  encodeJson: (json: Uint8Array) => EncodedCall,
): (request: HttpRequest) => EncodedCall {
  const namesIn = (kind: "query" | "form"): ReadonlySet<string> =>
    new Set(sources.flatMap((field) => field.sources.flatMap((source) => (source.kind === kind ? [source.name] : []))));
  const ownNames = { query: namesIn("query"), form: namesIn("form") };

  return (request) => {
    const found = new Map<string, Found>();
    for (const field of sources) {
      const value = find(field, request);
      if (value !== undefined) found.set(field.jsonName, value);
    }
    const rest = request.rest === "json" ? jsonMembers(request.body, found) : textMembers(request.rest, found);
    const ofPlaces: (string | Uint8Array)[] = [...found].map(([jsonName, { json }]) => `${stringJson(jsonName)}:${json}`);
    const parts = ofPlaces.concat(rest.parts);
    const json = Buffer.from(`{${parts.map((part) => (typeof part === "string" ? part : Buffer.from(part).toString())).join()}}`);
    return atPlaces(found, rest.pointer, () => encodeJson(json));
  };

  function find({ field, jsonName, sources: its }: SourcedField, request: HttpRequest): Found | undefined {
    for (const source of its) {
      switch (source.kind) {
        case "raw_uri":
          return { json: stringJson(request.uri), place: "the target", name: jsonName };
        case "raw_body":
          return { json: rawJson(field.type, request.body), place: "the body", name: jsonName };
        default: {
          const { kind, name } = source;
          const values = request.values(kind, name);
          if (values.length === 0) break;
          const place = `${places[kind]} "${name}"`;
          return { json: at(place, () => text.argument(field.type, name, listed(field.type, values))), place, name };
        }
      }
    }
    return undefined;
  }

  function jsonMembers(body: Uint8Array, found: ReadonlyMap<string, Found>): Rest {
    if (body.length === 0 || rawBodyIsTaken(found)) return { parts: [], pointer: (pointer) => pointer };
    assertStrictJson(body, maxDepth);
    const members = membersOf(body);
    if (members === undefined) throw new RequestFault("INVALID_TYPE", "", "expected an object");
    const kept = members.filter(({ key }) => !found.has(key));
    return { parts: kept.map(({ start, end }) => body.subarray(start, end)), pointer: (pointer) => pointer };
  }

  function rawBodyIsTaken(found: ReadonlyMap<string, Found>): boolean {
    return [...found.values()].some(({ place }) => place === "the body");
  }

  /** Names that are some field's own in that place are no names of others. */
  function textMembers({ source, pairs }: Exclude<HttpRequest["rest"], "json">, found: ReadonlyMap<string, Found>): Rest {
    const { json, pointer } = text.members(pairs.filter(([name]) => !ownNames[source].has(name) && !found.has(name)));
    return { parts: json === "" ? [] : [json], pointer };
  }
}

interface Rest {
  readonly parts: readonly (string | Uint8Array)[];
  pointer(pointer: string): string;
}

const places: Readonly<Record<NamedSource, string>> = {
  query: "the query argument",
  path: "the path parameter",
  header: "the header",
  cookie: "the cookie",
  form: "the form field",
};

/** A field that names its source takes its list as CloudWeGo's gateways do, separated by commas; repeated as well. A file is one value. */
function listed(type: TypeDescriptor, values: readonly TextValue[]): readonly TextValue[] {
  if ((type.kind !== "list" && type.kind !== "set") || !isScalar(type.element)) return values;
  return values.flatMap((value): readonly TextValue[] => {
    if (typeof value !== "string") return [value];
    return value === "" ? [] : value.split(",").map((part) => part.trim());
  });
}

function rawJson(type: TypeDescriptor, body: Uint8Array): string {
  if (type.kind === "binary") return base64Json(body);
  try {
    return JSON.stringify(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    throw new RequestFault("INVALID_UTF8", "", "the body is not UTF-8");
  }
}

/** Says where the value was that is at fault. */
function at<T>(place: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RequestFault)) throw error;
    throw new RequestFault(error.code, error.pointer, `${place}: ${error.message}`);
  }
}

function atPlaces<T>(found: ReadonlyMap<string, Found>, restPointer: (pointer: string) => string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RequestFault)) throw error;
    const [, step = "", ...inner] = error.pointer.split("/");
    const entry = [...found].find(([jsonName]) => escapeStep(jsonName) === step);
    if (entry === undefined)
      return withPointers(restPointer, () => {
        throw error;
      });
    const [, { name, place }] = entry;
    throw new RequestFault(error.code, [pointerToArgument(name), ...inner].join("/"), `${place}: ${error.message}`);
  }
}
