import type { Annotations, FieldDescriptor } from "../schema/descriptors.ts";

/** Where the annotations of a field say that it stands, outside of Thrift. docs/mapping.md has the table. */
export interface FieldMapping {
  /** The key under which it stands in JSON. */
  readonly jsonName: string;
  /** Whether callers may set it. */
  readonly inRequests: boolean;
  /** Whether callers get to see it. */
  readonly inReplies: boolean;
  /** Where requests have it, tried in this order, before the body. */
  readonly sources: readonly FieldSource[];
  /** Where replies have it; `undefined`: in the body. */
  readonly target: FieldTarget | undefined;
}

/** Parts of a request that hold values by name. */
export type NamedSource = "query" | "path" | "header" | "cookie" | "form";

export type FieldSource =
  | { readonly kind: NamedSource; readonly name: string }
  /** All of the body, or the request's target. */
  | { readonly kind: "raw_body" | "raw_uri" };

export type FieldTarget =
  | { readonly kind: "header" | "cookie"; readonly name: string }
  | { readonly kind: "raw_body" }
  | { readonly kind: "http_code" };

type NamedField = Pick<FieldDescriptor, "name" | "annotations">;

const mappings = new WeakMap<NamedField, FieldMapping>();

export function mappingOf(field: NamedField): FieldMapping {
  let mapping = mappings.get(field);
  if (mapping === undefined) {
    mapping = readMapping(field);
    mappings.set(field, mapping);
  }
  return mapping;
}

export function fieldJsonName(field: NamedField): string {
  return field.annotations.length === 0 ? field.name : mappingOf(field).jsonName;
}

/** Whether an i64 in this field is to be a string in replies. */
export function asksForText(annotations: Annotations): boolean {
  const value = valueIn(annotations, "api.js_conv", "agw.js_conv");
  return value !== undefined && value !== "false" && value !== "0";
}

function readMapping({ name, annotations }: NamedField): FieldMapping {
  const tag = jsonTag(annotations);
  const hidden = annotations.some(([key]) => key === "api.none") || tag === "-";
  const ownName = (text: string | undefined) => (isName(text) ? text : undefined);
  const key = ownName(valueIn(annotations, "api.key", "agw.key"));
  return {
    jsonName: key ?? ownName(withoutOptions(valueIn(annotations, "api.body"))) ?? ownName(tag) ?? name,
    inRequests: !hidden && !isIgnored(annotations, "agw.source"),
    inReplies: !hidden && !isIgnored(annotations, "agw.target"),
    sources: annotations.flatMap((annotation) => sourceOf(annotation, key ?? name) ?? []),
    target: annotations.map((annotation) => targetOf(annotation, key ?? name)).find((target) => target !== undefined),
  };
}

function isIgnored(annotations: Annotations, side: "agw.source" | "agw.target"): boolean {
  return annotations.some(([key, value]) => key === side && value.toLowerCase() === "ignore");
}

/** `agw.source` says where, and `agw.key` under which name; the newer spelling has both in one. */
function sourceOf([key, value]: Annotations[number], ownName: string): FieldSource | undefined {
  const kind = key === "agw.source" ? value.toLowerCase() : key.startsWith("api.") ? key.slice("api.".length) : "";
  const name = key !== "agw.source" && isName(value) ? value : ownName;
  switch (kind) {
    case "query":
    case "path":
    case "header":
    case "cookie":
    case "form":
      return { kind, name };
    case "post":
      return key === "agw.source" ? { kind: "form", name } : undefined;
    case "raw_body":
    case "raw_uri":
      return { kind };
    default:
      return undefined;
  }
}

function targetOf([key, value]: Annotations[number], ownName: string): FieldTarget | undefined {
  const kind = key === "agw.target" ? value.toLowerCase() : key.startsWith("api.") ? key.slice("api.".length) : "";
  switch (kind) {
    case "header":
    case "cookie":
      return { kind, name: key !== "agw.target" && isName(value) ? value : ownName };
    case "raw_body":
    case "http_code":
      return { kind };
    default:
      return undefined;
  }
}

/** An annotation without a value has the value "1": the field's own name is meant. */
function isName(text: string | undefined): text is string {
  return text !== undefined && text !== "" && text !== "1";
}

function valueIn(annotations: Annotations, ...names: readonly string[]): string | undefined {
  return annotations.find(([name]) => names.includes(name))?.[1];
}

/** The name in a Go struct tag, as `json:"name,omitempty"`; in IDL its quotes may be escaped. */
function jsonTag(annotations: Annotations): string | undefined {
  const tags = valueIn(annotations, "go.tag");
  return withoutOptions(tags === undefined ? undefined : /(?:^|\s)json:\\?"([^"\\]*)\\?"/.exec(tags)?.[1]);
}

/** People write `name, omitempty` here, as they do in Go. */
function withoutOptions(text: string | undefined): string | undefined {
  return text === undefined ? undefined : /^[^,]*/.exec(text)![0].trim();
}
