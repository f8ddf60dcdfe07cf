import { fieldJsonName, mappingOf } from "../json/field-mapping.ts";
import { nearestName } from "../json/nearest-name.ts";
import { escapeStep, pointerToArgument } from "../json/pointer.ts";
import { RequestFault } from "../json/request-fault.ts";
import { assertStrictJson } from "../json/strict-json.ts";
import type { FieldDescriptor, MethodDescriptor, Schema, StructDescriptor, TypeDescriptor } from "../schema/descriptors.ts";
import type { CodecOptions, EncodedCall, MethodCodec } from "./codec.ts";
import { onlyStructParameter } from "./encode.ts";

/** A field and the text of its key in JSON, with the colon. */
interface KeyedField {
  readonly field: FieldDescriptor;
  readonly key: string;
}

/** Arguments that belong to the fields of one struct. */
type Members = Map<KeyedField, Members | Argument>;

/** Text, or the bytes of a file that came in a form. */
export type TextValue = string | Uint8Array;

/** All values of one name. */
class Argument {
  readonly name: string;
  readonly values: TextValue[] = [];

  constructor(name: string) {
    this.name = name;
  }
}

type Pairs = readonly (readonly [name: string, value: TextValue])[];

export interface TextEncoder {
  readonly encodeText: MethodCodec["encodeText"];
  /** The members of the JSON object that the pairs stand for, without its braces, and what brings a pointer into it back to an argument. */
  members(pairs: Pairs): { readonly json: string; pointer(pointer: string): string };
  /** The JSON of one field of this type. */
  argument(type: TypeDescriptor, name: string, values: readonly TextValue[]): string;
}

/**
 * The encoder of a method's calls from name–value pairs, for {@link MethodCodec.encodeText}: they are brought into the JSON that
 * says the same, so that every rule of JSON holds for them too.
 */
export function createTextEncoder(
  schema: Schema,
  options: CodecOptions,
  method: MethodDescriptor,
  encodeJson: (json: Uint8Array) => EncodedCall,
): TextEncoder {
  const only = onlyStructParameter(schema, method);
  const struct = schema.structs[only?.index ?? method.argumentsIndex]!;
  const wholeName = only !== undefined && !struct.fields.some((field) => field.name === only.name) ? only.name : undefined;

  return {
    encodeText,
    members(pairs) {
      const members: Members = new Map();
      for (const [name, value] of pairs) addPair(members, name, value);
      return { json: membersJson(members).slice(1, -1), pointer: (pointer) => argumentPointer(members, pointer) };
    },
    argument: (type, name, values) => argumentJson(type, { name, values }),
  };

  function encodeText(pairs: Pairs): EncodedCall {
    const members: Members = new Map();
    let whole: Argument | undefined;
    for (const [name, value] of pairs) {
      if (name !== wholeName) addPair(members, name, value);
      else {
        whole ??= new Argument(name);
        whole.values.push(value);
      }
    }
    if (whole !== undefined) return encodeWhole(whole, members);
    const json = Buffer.from(membersJson(members));
    return withPointers(
      (pointer) => argumentPointer(members, pointer),
      () => encodeJson(json),
    );
  }

  /** The only parameter, under its own name: JSON text of all of it. */
  function encodeWhole({ name, values }: Argument, members: Members): EncodedCall {
    if (values.length > 1 || members.size > 0) throw mixed(name);
    const json = bytesOf(values[0]!);
    return withPointers(
      (pointer) => pointerToArgument(name) + pointer,
      () => encodeJson(json),
    );
  }

  function addPair(members: Members, name: string, value: TextValue): void {
    const path = pathTo(name);
    const field = path?.pop();
    if (path === undefined || field === undefined) return;
    for (const outer of path) {
      const inner = members.get(outer) ?? new Map();
      if (inner instanceof Argument) throw mixed(name);
      members.set(outer, inner);
      members = inner;
    }
    const argument = members.get(field) ?? new Argument(name);
    if (argument instanceof Map) throw mixed(name);
    argument.values.push(value);
    members.set(field, argument);
  }

  /** The fields on the way to the one of that name; `undefined`: there is none. */
  function pathTo(name: string): KeyedField[] | undefined {
    const path: KeyedField[] = [];
    let holder = struct;
    let rest = name;
    for (;;) {
      const field = fieldsByName(holder).get(rest);
      if (field !== undefined) return [...path, field];
      const dot = rest.indexOf(".");
      const outer = dot > 0 ? fieldsByName(holder).get(rest.slice(0, dot)) : undefined;
      if (outer === undefined || outer.field.type.kind !== "struct") {
        if (options.unknownFields === "reject") throw unknown(holder, name, rest);
        return undefined;
      }
      path.push(outer);
      if (path.length === options.maxDepth)
        throw new RequestFault("JSON_TOO_DEEP", pointerToArgument(name), "the name nests too deep");
      holder = schema.structs[outer.field.type.index]!;
      rest = rest.slice(dot + 1);
    }
  }

  function membersJson(members: Members): string {
    let json = "";
    for (const [{ field, key }, argument] of members) {
      const value = argument instanceof Map ? membersJson(argument) : argumentJson(field.type, argument);
      json += json === "" ? key + value : `,${key}${value}`;
    }
    return `{${json}}`;
  }

  function argumentJson(
    type: TypeDescriptor,
    { name, values }: Pick<Argument, "name"> & { readonly values: readonly TextValue[] },
  ): string {
    if (type.kind === "list" || type.kind === "set") {
      return `[${values.map((value) => valueJson(type.element, name, value)).join()}]`;
    }
    if (values.length > 1) {
      throw new RequestFault("INVALID_TYPE", pointerToArgument(name), `expected one value, found ${values.length}`);
    }
    return valueJson(type, name, values[0]!);
  }

  function valueJson(type: TypeDescriptor, name: string, value: TextValue): string {
    if (typeof value !== "string" && type.kind === "binary") return base64Json(value);
    const text = typeof value === "string" ? value : utf8Text(value, name);
    switch (type.kind) {
      case "bool":
        if (text === "1") return "true";
        if (text === "0") return "false";
        return text === "true" || text === "false" ? text : stringJson(text);
      case "i8":
      case "i16":
      case "i32":
      case "i64":
      case "double":
      case "enum":
        return numberJson(text) ?? stringJson(text);
      case "string":
      case "binary":
      case "uuid":
        return stringJson(text);
      default:
        withPointers(
          (pointer) => pointerToArgument(name) + pointer,
          () => assertStrictJson(Buffer.from(text), options.maxDepth),
        );
        return text;
    }
  }

  function argumentPointer(members: Members, pointer: string): string {
    const steps = pointer.split("/").slice(1);
    let inner: Members | Argument | undefined = members;
    let name = "";
    while (inner instanceof Map && steps.length > 0) {
      const step: string = steps.shift()!;
      name += `${name === "" ? "/" : "."}${step}`;
      inner = [...inner].find(([{ field }]) => escapeStep(fieldJsonName(field)) === step)?.[1];
    }
    return [name, ...steps].join("/");
  }
}

const fieldMaps = new WeakMap<StructDescriptor, ReadonlyMap<string, KeyedField>>();

function fieldsByName(struct: StructDescriptor): ReadonlyMap<string, KeyedField> {
  let fields = fieldMaps.get(struct);
  if (fields === undefined) {
    fields = new Map(
      struct.fields
        .filter((field) => mappingOf(field).inRequests)
        .map((field) => [fieldJsonName(field), { field, key: `${stringJson(fieldJsonName(field))}:` }]),
    );
    fieldMaps.set(struct, fields);
  }
  return fields;
}

export function stringJson(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

export function base64Json(bytes: Uint8Array): string {
  return `"${bytesOf(bytes).toString("base64")}"`;
}

function bytesOf(value: TextValue): Buffer {
  return typeof value === "string" ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.length);
}

function utf8Text(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new RequestFault("INVALID_UTF8", pointerToArgument(name), "expected text in UTF-8, found other bytes");
  }
}

/** The JSON number that `text` stands for; people put zeros in front. */
function numberJson(text: string): string | undefined {
  const parts = /^(-?)0*([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/.exec(text);
  return parts === null ? undefined : `${parts[1]}${parts[2]}`;
}

export function withPointers<T>(translate: (pointer: string) => string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RequestFault)) throw error;
    throw new RequestFault(error.code, translate(error.pointer), error.message);
  }
}

function mixed(name: string): RequestFault {
  return new RequestFault("INVALID_TYPE", pointerToArgument(name), "the argument is given as a whole and in parts");
}

function unknown(struct: StructDescriptor, name: string, rest: string): RequestFault {
  const near = nearestName(rest, [...fieldsByName(struct).keys()]);
  const suggestion = near === undefined ? "" : `; did you mean "${name.slice(0, name.length - rest.length)}${near}"?`;
  return new RequestFault("UNKNOWN_FIELD", pointerToArgument(name), `there is no such argument${suggestion}`);
}
