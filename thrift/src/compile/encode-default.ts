import type {
  Constant,
  ConstantList,
  ConstantMap,
  ConstantStruct,
  Schema,
  StructDescriptor,
  TypeDescriptor,
} from "../schema/descriptors.ts";
import { TypeCode, typeCodeOf } from "../wire/type-code.ts";

/** Of one field. IDL is bounded, but constants that refer to constants multiply. */
const MAX_DEFAULT_BYTES = 1_048_576;

/** Of all fields of a service, those included that turned out to be too large. */
const MAX_WRITTEN_BYTES = 4_194_304;

/** Structs whose defaults hold themselves nest without end. */
const MAX_DEFAULT_DEPTH = 64;

/** Writes IDL defaults as the Thrift bytes that are sent for a field the caller left out. */
export class DefaultWriter {
  readonly #schema: Schema;
  #left = 0;
  #written = 0;
  #bytes: number[] = [];

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** The field with its header. `undefined`: too large, or nested too deep, to be sent. */
  field(id: number, type: TypeDescriptor, value: Constant): Uint8Array | undefined {
    const room = Math.max(0, Math.min(MAX_DEFAULT_BYTES, MAX_WRITTEN_BYTES - this.#written));
    this.#left = room;
    this.#bytes = [];
    try {
      this.#field(id, type, value, MAX_DEFAULT_DEPTH);
      return Uint8Array.from(this.#bytes);
    } catch (error) {
      if (!(error instanceof OverBound)) throw error;
      return undefined;
    } finally {
      this.#written += room - this.#left;
    }
  }

  #field(id: number, type: TypeDescriptor, value: Constant, depth: number): void {
    this.#put([typeCodeOf(type), (id >> 8) & 0xff, id & 0xff]);
    this.#value(type, value, depth);
  }

  #value(type: TypeDescriptor, value: Constant, depth: number): void {
    if (depth === 0) throw new OverBound();
    switch (type.kind) {
      case "list":
      case "set": {
        const { elements } = value as ConstantList;
        this.#put([typeCodeOf(type.element)]);
        this.#int32(elements.length);
        for (const element of elements) this.#value(type.element, element, depth - 1);
        return;
      }
      case "map": {
        const { entries } = value as ConstantMap;
        this.#put([typeCodeOf(type.key), typeCodeOf(type.value)]);
        this.#int32(entries.length);
        for (const [key, mapped] of entries) {
          this.#value(type.key, key, depth - 1);
          this.#value(type.value, mapped, depth - 1);
        }
        return;
      }
      case "struct":
        this.#struct(this.#schema.structs[type.index]!, value as ConstantStruct, depth - 1);
        return;
      default:
        this.#put(scalarBytes(type.kind, value));
    }
  }

  /** Its own defaults fill in what the constant does not name. */
  #struct(struct: StructDescriptor, constant: ConstantStruct, depth: number): void {
    const named = new Map(constant.fields);
    for (const field of struct.fields) {
      const value = named.get(field.id) ?? (struct.kind === "union" ? undefined : field.defaultValue);
      if (value !== undefined) this.#field(field.id, field.type, value, depth);
    }
    this.#put([TypeCode.stop]);
  }

  #int32(value: number): void {
    this.#put(scalarBytes("i32", value));
  }

  #put(bytes: Iterable<number> & { readonly length: number }): void {
    this.#left -= bytes.length;
    if (this.#left < 0) throw new OverBound();
    for (const byte of bytes) this.#bytes.push(byte);
  }
}

class OverBound extends Error {}

type ScalarKind = Exclude<TypeDescriptor["kind"], "list" | "set" | "map" | "struct">;

const scalarSizes = { bool: 1, i8: 1, i16: 2, i32: 4, enum: 4, i64: 8, double: 8 } as const;

function scalarBytes(kind: ScalarKind, value: Constant): Uint8Array {
  if (kind === "uuid") return Buffer.from((value as string).replaceAll("-", ""), "hex");
  if (kind === "string" || kind === "binary") {
    const text = kind === "string" ? Buffer.from(value as string) : (value as Uint8Array);
    return Buffer.concat([scalarBytes("i32", text.length), text]);
  }
  const bytes = Buffer.alloc(scalarSizes[kind]);
  if (kind === "double") bytes.writeDoubleBE(value as number);
  else if (kind === "i64") bytes.writeBigInt64BE(value as bigint);
  else bytes.writeIntBE(Number(value), 0, bytes.length);
  return bytes;
}
