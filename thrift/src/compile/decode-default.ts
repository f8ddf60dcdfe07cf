import { asksForText, fieldJsonName, mappingOf } from "../json/field-mapping.ts";
import type {
  Constant,
  ConstantList,
  ConstantMap,
  ConstantStruct,
  EnumDescriptor,
  Schema,
  StructDescriptor,
  TypeDescriptor,
} from "../schema/descriptors.ts";
import { isScalar } from "../schema/scalar-type.ts";
import type { CodecOptions } from "./codec.ts";

/** Of one field. IDL is bounded, but structs in defaults of structs multiply. */
const maxDefaultLength = 4_194_304;
/** Of all fields of a service, those included that turned out to be too large. */
const maxRenderedLength = 16_777_216;

/** Renders IDL defaults as the JSON that stands for a field the instance left out. */
export class DefaultRenderer {
  readonly #schema: Schema;
  readonly #options: CodecOptions;
  #left = 0;
  #rendered = 0;

  constructor(schema: Schema, options: CodecOptions) {
    this.#schema = schema;
    this.#options = options;
  }

  /** `undefined`: too large or too deep to be rendered. */
  render(type: TypeDescriptor, value: Constant, i64AsString: boolean): Uint8Array | undefined {
    const room = Math.min(maxDefaultLength, maxRenderedLength - this.#rendered);
    this.#left = room;
    try {
      return new TextEncoder().encode(this.#value(type, value, i64AsString, this.#options.maxDepth));
    } catch (error) {
      if (!(error instanceof OverBound)) throw error;
      return undefined;
    } finally {
      this.#rendered += room - Math.max(0, this.#left);
    }
  }

  #value(type: TypeDescriptor, value: Constant, i64AsString: boolean, depth: number): string {
    switch (type.kind) {
      case "list":
      case "set": {
        this.#enter(depth);
        const { elements } = value as ConstantList;
        return `[${elements.map((element) => this.#value(type.element, element, i64AsString, depth - 1)).join()}]`;
      }
      case "map":
        this.#enter(depth);
        return this.#map(type, value as ConstantMap, i64AsString, depth - 1);
      case "struct":
        this.#enter(depth);
        return this.#struct(this.#schema.structs[type.index]!, value as ConstantStruct, depth - 1);
      default:
        return this.#spend(this.#scalar(type, value, i64AsString));
    }
  }

  #scalar(type: TypeDescriptor, value: Constant, i64AsString: boolean): string {
    switch (type.kind) {
      case "i64":
        return i64AsString ? `"${value}"` : String(value);
      case "double":
        if (Object.is(value, -0)) return "-0";
        return Number.isFinite(value) ? String(value) : `"${value}"`;
      case "binary":
        return `"${base64(value as Uint8Array)}"`;
      case "enum":
        return this.#enum(this.#schema.enums[type.index]!, value as number);
      default:
        return JSON.stringify(value);
    }
  }

  #enum(type: EnumDescriptor, value: number): string {
    const name = this.#options.enums === "name" ? type.members.find((member) => member.value === value)?.name : undefined;
    return name === undefined ? String(value) : JSON.stringify(name);
  }

  #map(type: TypeDescriptor & { kind: "map" }, map: ConstantMap, i64AsString: boolean, depth: number): string {
    const entries = map.entries.map(([key, value]) => {
      const keyText = this.#value(type.key, key, i64AsString, depth);
      return [keyText, this.#value(type.value, value, i64AsString, depth)] as const;
    });
    if (!isScalar(type.key)) return `[${entries.map(([key, value]) => `[${key},${value}]`).join()}]`;
    return `{${entries.map(([key, value]) => `${key.startsWith('"') ? key : `"${key}"`}:${value}`).join()}}`;
  }

  #struct(struct: StructDescriptor, constant: ConstantStruct, depth: number): string {
    const named = new Map(constant.fields);
    const parts: string[] = [];
    for (const field of struct.fields) {
      const value = named.get(field.id) ?? (struct.kind === "union" ? undefined : field.defaultValue);
      if (value === undefined || !mappingOf(field).inReplies) continue;
      const key = this.#spend(JSON.stringify(fieldJsonName(field)));
      parts.push(`${key}:${this.#value(field.type, value, writesI64AsString(field.annotations, this.#options), depth)}`);
    }
    return `{${parts.join()}}`;
  }

  #enter(depth: number): void {
    if (depth === 0) throw new OverBound();
    this.#spend("[]");
  }

  #spend(text: string): string {
    this.#left -= text.length;
    if (this.#left < 0) throw new OverBound();
    return text;
  }
}

class OverBound extends Error {}

export function writesI64AsString(annotations: readonly (readonly [string, string])[], options: CodecOptions): boolean {
  return options.i64 === "string" || asksForText(annotations);
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
