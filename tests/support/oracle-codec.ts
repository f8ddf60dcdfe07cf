import type {
  Constant,
  ConstantList,
  ConstantMap,
  ConstantStruct,
  FieldDescriptor,
  MethodDescriptor,
  Schema,
  StructDescriptor,
  TypeDescriptor,
} from "../../thrift/src/schema/descriptors.ts";
import { canonicalJson, type JsonTree, parseJsonTree } from "./oracle-json.ts";
import { canonicalWire, readWireStruct, WireFault, type WireStruct, type WireTree, writeWire } from "./oracle-wire.ts";

/**
 * The rules of docs/mapping.md a second time: an object codec, slow and obvious, that shares no code with the compiled one.
 * What it refuses, it refuses with an {@link OracleFault}.
 */
export class OracleFault extends Error {}

export interface OracleOptions {
  readonly i64: "number" | "string";
  readonly enums: "number" | "name";
  readonly unknownFields: "ignore" | "reject";
  readonly maxDepth: number;
}

const defaults: OracleOptions = { i64: "number", enums: "number", unknownFields: "ignore", maxDepth: 64 };

export type OracleReply =
  | { readonly kind: "value"; readonly json: string }
  | { readonly kind: "exception"; readonly fieldId: number; readonly typeName: string; readonly json: string };

function refuse(reason: string): never {
  throw new OracleFault(reason);
}

const codes = {
  bool: 2,
  i8: 3,
  double: 4,
  i16: 6,
  i32: 8,
  enum: 8,
  i64: 10,
  string: 11,
  binary: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
  uuid: 16,
} as const;

const bits = { i8: 8, i16: 16, i32: 32, i64: 64 } as const;

/** The arguments struct of a call, from the JSON text of a body. */
export function oracleEncode(
  schema: Schema,
  method: MethodDescriptor,
  body: string,
  options?: Partial<OracleOptions>,
): WireStruct {
  return new Encoder(schema, { ...defaults, ...options }).call(method, parseTree(body));
}

/** A result struct's bytes as JSON text, its keys in canonical order. */
export function oracleDecode(
  schema: Schema,
  method: MethodDescriptor,
  bytes: Uint8Array,
  options?: Partial<OracleOptions>,
): OracleReply {
  const complete = { ...defaults, ...options };
  try {
    return new Decoder(schema, complete).reply(method, readWireStruct(bytes, complete.maxDepth));
  } catch (error) {
    if (error instanceof WireFault) throw new OracleFault(error.message);
    throw error;
  }
}

/** An IDL constant as it stands on the wire: what a struct leaves out has that struct's own defaults. */
function oracleConstant(schema: Schema, type: TypeDescriptor, constant: Constant): WireTree {
  switch (type.kind) {
    case "bool":
      return { code: 2, value: constant as boolean };
    case "i8":
    case "i16":
    case "i32":
    case "i64":
    case "enum":
      return { code: codes[type.kind], value: BigInt(constant as number | bigint) };
    case "double":
      return { code: 4, value: constant as number };
    case "string":
      return { code: 11, value: Buffer.from(constant as string) };
    case "binary":
      return { code: 11, value: constant as Uint8Array };
    case "uuid":
      return { code: 16, value: uuidBytes(constant as string) };
    case "list":
    case "set":
      return {
        code: codes[type.kind],
        elementCode: codes[type.element.kind],
        elements: (constant as ConstantList).elements.map((element) => oracleConstant(schema, type.element, element)),
      };
    case "map":
      return {
        code: 13,
        keyCode: codes[type.key.kind],
        valueCode: codes[type.value.kind],
        entries: (constant as ConstantMap).entries.map(([key, value]) => [
          oracleConstant(schema, type.key, key),
          oracleConstant(schema, type.value, value),
        ]),
      };
    case "struct": {
      const struct = schema.structs[type.index]!;
      const given = new Map((constant as ConstantStruct).fields);
      const fields: [number, WireTree][] = [];
      for (const field of struct.fields) {
        const value = given.get(field.id) ?? (struct.kind === "union" ? undefined : field.defaultValue);
        if (value !== undefined) fields.push([field.id, oracleConstant(schema, field.type, value)]);
      }
      return { code: 12, fields };
    }
  }
}

function parseTree(text: string): JsonTree {
  try {
    return parseJsonTree(text);
  } catch (error) {
    return refuse(String(error));
  }
}

class Encoder {
  readonly #schema: Schema;
  readonly #options: OracleOptions;

  constructor(schema: Schema, options: OracleOptions) {
    this.#schema = schema;
    this.#options = options;
  }

  call(method: MethodDescriptor, body: JsonTree): WireStruct {
    const parameters = this.#schema.structs[method.argumentsIndex]!;
    const [only] = parameters.fields;
    if (parameters.fields.length === 1 && only!.type.kind === "struct") {
      return { code: 12, fields: [[only!.id, this.#value(only!.type, body, 1)]] };
    }
    return this.#struct(parameters, body, 1);
  }

  #struct(struct: StructDescriptor, json: JsonTree, depth: number): WireStruct {
    if (json.kind !== "object") return refuse("an object expected");
    const given = new Map(json.entries);
    const known = new Set(struct.fields.map(({ name }) => name));
    if (this.#options.unknownFields === "reject" && !json.entries.every(([key]) => known.has(key))) refuse("unknown key");
    const fields: [number, WireTree][] = [];
    for (const field of struct.fields) {
      const value = given.get(field.name);
      if (value !== undefined && value.kind !== "null") fields.push([field.id, this.#value(field.type, value, depth + 1)]);
      else if (struct.kind !== "union") this.#absent(field, fields);
    }
    if (struct.kind === "union" && fields.length !== 1) refuse("one member expected");
    return { code: 12, fields };
  }

  #absent(field: FieldDescriptor, fields: [number, WireTree][]): void {
    if (field.defaultValue !== undefined) fields.push([field.id, oracleConstant(this.#schema, field.type, field.defaultValue)]);
    else if (field.requiredness === "required") refuse("required");
  }

  #value(type: TypeDescriptor, json: JsonTree, depth: number): WireTree {
    switch (type.kind) {
      case "bool":
        return json.kind === "bool" ? { code: 2, value: json.value } : refuse("bool expected");
      case "i8":
      case "i16":
      case "i32":
        return json.kind === "number"
          ? { code: codes[type.kind], value: integerIn(json.text, bits[type.kind]) }
          : refuse("an integer expected");
      case "i64":
        if (json.kind === "number") return { code: 10, value: integerIn(json.text, 64) };
        if (json.kind !== "string" || !/^-?[0-9]+$/.test(json.value)) return refuse("an integer expected");
        return { code: 10, value: integerIn(json.value, 64) };
      case "double":
        if (json.kind === "string" && ["NaN", "Infinity", "-Infinity"].includes(json.value)) {
          return { code: 4, value: Number(json.value) };
        }
        if (json.kind !== "number" || !Number.isFinite(Number(json.text))) return refuse("a double expected");
        return { code: 4, value: Number(json.text) };
      case "string":
        return json.kind === "string" ? { code: 11, value: utf8(json.value) } : refuse("a string expected");
      case "binary":
        return json.kind === "string" ? { code: 11, value: base64Bytes(json.value) } : refuse("base64 expected");
      case "uuid":
        return json.kind === "string" ? { code: 16, value: uuidBytes(json.value) } : refuse("a UUID expected");
      case "enum":
        return { code: 8, value: this.#enum(type.index, json) };
      case "struct":
        if (depth > this.#options.maxDepth) return refuse("too deep");
        return this.#struct(this.#schema.structs[type.index]!, json, depth);
      case "list":
      case "set": {
        if (json.kind !== "array") return refuse("an array expected");
        if (depth > this.#options.maxDepth) return refuse("too deep");
        const elements = json.elements.map((element) => this.#value(type.element, element, depth + 1));
        if (type.kind === "set") assertDistinct(elements);
        return { code: codes[type.kind], elementCode: codes[type.element.kind], elements };
      }
      case "map": {
        if (depth > this.#options.maxDepth) return refuse("too deep");
        const entries = this.#entries(type, json, depth + 1);
        assertDistinct(entries.map(([key]) => key));
        return { code: 13, keyCode: codes[type.key.kind], valueCode: codes[type.value.kind], entries };
      }
    }
  }

  #enum(index: number, json: JsonTree): bigint {
    if (json.kind === "number") return integerIn(json.text, 32);
    if (json.kind !== "string") return refuse("a member expected");
    const member = this.#schema.enums[index]!.members.find(({ name }) => name === json.value);
    return member === undefined ? refuse("a member expected") : BigInt(member.value);
  }

  #entries(type: TypeDescriptor & { kind: "map" }, json: JsonTree, depth: number): [WireTree, WireTree][] {
    if (json.kind === "array") {
      return json.elements.map((pair) => {
        if (pair.kind !== "array" || pair.elements.length !== 2) return refuse("a pair expected");
        const [key, value] = pair.elements;
        return [this.#value(type.key, key!, depth), this.#value(type.value, value!, depth)];
      });
    }
    if (json.kind !== "object") return refuse("a map expected");
    return json.entries.map(([key, value]) => [this.#key(type.key, key), this.#value(type.value, value, depth)]);
  }

  /** The text of an object's key, as what it would be outside the quotes. */
  #key(type: TypeDescriptor, key: string): WireTree {
    const bare = /^(true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)$/.test(key);
    const unquoted = type.kind === "bool" || type.kind === "double" || type.kind === "enum" || type.kind in bits;
    if (unquoted && bare) return this.#value(type, parseTree(key), 0);
    if (["string", "binary", "uuid", "double", "enum"].includes(type.kind)) {
      return this.#value(type, { kind: "string", value: key }, 0);
    }
    return refuse("no such key");
  }
}

function assertDistinct(values: readonly WireTree[]): void {
  if (new Set(values.map(canonicalWire)).size < values.length) refuse("the same twice");
}

/** The exact integer of a JSON number such as `1.0` or `1e2`. */
function integerIn(text: string, size: number): bigint {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text)!;
  const digits = `${whole}${fraction}`;
  const shift = Number(exponent) - fraction.length;
  if (/^0+$/.test(digits)) return 0n;
  if (shift > 30) return refuse("out of range");
  const zeros = /0*$/.exec(digits)![0].length;
  if (shift < -zeros) return refuse("a fraction");
  const magnitude = shift >= 0 ? BigInt(digits) * 10n ** BigInt(shift) : BigInt(digits.slice(0, shift));
  const value = sign === "-" ? -magnitude : magnitude;
  return BigInt.asIntN(size, value) === value ? value : refuse("out of range");
}

function utf8(text: string): Uint8Array {
  return /\p{Surrogate}/u.test(text) ? refuse("a lone surrogate") : Buffer.from(text);
}

function base64Bytes(text: string): Uint8Array {
  const bare = text.replace(/={1,2}$/, "");
  if (!/^[A-Za-z0-9+/_-]*$/.test(bare) || bare.length % 4 === 1) return refuse("base64 expected");
  if (bare !== text && text.length % 4 !== 0) return refuse("base64 padding");
  const standard = bare.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Buffer.from(standard, "base64");
  return bytes.toString("base64").replace(/=*$/, "") === standard ? bytes : refuse("base64 with bits left over");
}

function uuidBytes(text: string): Uint8Array {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return refuse("a UUID expected");
  return Buffer.from(text.replaceAll("-", ""), "hex");
}

class Decoder {
  readonly #schema: Schema;
  readonly #options: OracleOptions;

  constructor(schema: Schema, options: OracleOptions) {
    this.#schema = schema;
    this.#options = options;
  }

  reply(method: MethodDescriptor, result: WireStruct): OracleReply {
    const found: OracleReply[] = [];
    for (const [id, wire] of result.fields) {
      if (id === 0 && method.result !== undefined && wire.code === codes[method.result.kind]) {
        found.push({ kind: "value", json: this.#value(method.result, wire, this.#options.i64 === "string") });
      }
      const declared = method.exceptions.find((exception) => exception.id === id);
      if (declared !== undefined && wire.code === 12) {
        const { index } = declared.type as { index: number };
        const typeName = this.#schema.structs[index]!.name;
        found.push({ kind: "exception", fieldId: id, typeName, json: this.#value(declared.type, wire, false) });
      }
    }
    if (found.length > 1) refuse("several results");
    if (found.length === 0 && method.result !== undefined) refuse("no result");
    const reply = found[0] ?? { kind: "value", json: "null" };
    return { ...reply, json: canonicalJson(parseJsonTree(reply.json)) };
  }

  #struct(struct: StructDescriptor, wire: WireStruct): string {
    const parts: string[] = [];
    let members = 0;
    for (const field of struct.fields) {
      const given = wire.fields.filter(([id, value]) => id === field.id && value.code === codes[field.type.kind]);
      if (given.length > 1) refuse("a field twice");
      const quoted = this.#options.i64 === "string" || field.annotations.some(([name]) => /^(api|agw)\.js_conv$/.test(name));
      let value = given[0]?.[1];
      if (value !== undefined) members++;
      if (value === undefined && struct.kind !== "union") {
        if (field.defaultValue !== undefined) value = oracleConstant(this.#schema, field.type, field.defaultValue);
        else if (field.requiredness === "required") refuse("required");
      }
      if (value !== undefined) parts.push(`${JSON.stringify(field.name)}:${this.#value(field.type, value, quoted)}`);
    }
    if (struct.kind === "union" && members !== 1) refuse("one member expected");
    return `{${parts.join()}}`;
  }

  #value(type: TypeDescriptor, wire: WireTree, quoted: boolean): string {
    switch (wire.code) {
      case 2:
      case 3:
      case 6:
        return String(wire.value);
      case 8: {
        const members = type.kind === "enum" && this.#options.enums === "name" ? this.#schema.enums[type.index]!.members : [];
        const member = members.find(({ value }) => BigInt(value) === wire.value);
        return member === undefined ? String(wire.value) : JSON.stringify(member.name);
      }
      case 10:
        return quoted ? `"${wire.value}"` : String(wire.value);
      case 4:
        if (Object.is(wire.value, -0)) return "-0";
        return Number.isFinite(wire.value) ? String(wire.value) : `"${wire.value}"`;
      case 11:
        return JSON.stringify(type.kind === "binary" ? Buffer.from(wire.value).toString("base64") : text(wire.value));
      case 16:
        return JSON.stringify(
          Buffer.from(wire.value)
            .toString("hex")
            .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
        );
      case 12:
        return this.#struct(this.#schema.structs[(type as { index: number }).index]!, wire);
      case 13:
        return this.#map(type as TypeDescriptor & { kind: "map" }, wire, quoted);
      default: {
        const { element } = type as TypeDescriptor & { kind: "list" };
        if (wire.elements.length > 0 && wire.elementCode !== codes[element.kind]) refuse("element type");
        return `[${wire.elements.map((value) => this.#value(element, value, quoted)).join()}]`;
      }
    }
  }

  #map(type: TypeDescriptor & { kind: "map" }, wire: WireTree & { code: 13 }, quoted: boolean): string {
    if (wire.entries.length === 0) return codes[type.key.kind] >= 12 && codes[type.key.kind] <= 15 ? "[]" : "{}";
    if (wire.keyCode !== codes[type.key.kind] || wire.valueCode !== codes[type.value.kind]) refuse("entry types");
    const entries = wire.entries.map(([key, value]) => {
      return [this.#value(type.key, key, quoted), this.#value(type.value, value, quoted)] as const;
    });
    const pairs = ["struct", "list", "set", "map"].includes(type.key.kind);
    const keys = entries.map(([key]) => (pairs ? canonicalJson(parseJsonTree(key)) : key));
    if (new Set(keys).size < keys.length) refuse("a key twice");
    if (pairs) return `[${entries.map(([key, value]) => `[${key},${value}]`).join()}]`;
    return `{${entries.map(([key, value]) => `${key.startsWith('"') ? key : `"${key}"`}:${value}`).join()}}`;
  }
}

function text(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("no UTF-8");
  }
}

/** The bytes of a result struct that holds `value` in field 0. */
export function resultOf(value: WireTree): Uint8Array {
  return writeWire({ code: 12, fields: [[0, value]] });
}
