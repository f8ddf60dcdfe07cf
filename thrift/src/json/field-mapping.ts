import type { Annotations, FieldDescriptor } from "../schema/descriptors.ts";

/** Where the annotations of a field say that it stands, outside of Thrift. docs/mapping.md has the table. */
export interface FieldMapping {
  /** The key under which it stands in JSON. */
  readonly jsonName: string;
  /** Whether callers may set it. */
  readonly inRequests: boolean;
  /** Whether callers get to see it. */
  readonly inReplies: boolean;
}

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
  return {
    jsonName:
      ownName(valueIn(annotations, "api.key", "agw.key")) ??
      ownName(withoutOptions(valueIn(annotations, "api.body"))) ??
      ownName(tag) ??
      name,
    inRequests: !hidden,
    inReplies: !hidden && !annotations.some(([key, value]) => key === "agw.target" && value.toLowerCase() === "ignore"),
  };
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
