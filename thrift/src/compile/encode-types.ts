import { NameTable } from "../json/name-table.ts";
import type { EnumTable } from "../json/scalars.ts";
import type { Schema, TypeDescriptor } from "../schema/descriptors.ts";
import type { CodecOptions } from "./codec.ts";
import { DefaultWriter } from "./encode-default.ts";
import { EncodeUnit, type ValueWriter } from "./encode-unit.ts";
import { ValueSource } from "./encode-value.ts";

export type ContainerType = Extract<TypeDescriptor, { kind: "list" | "set" | "map" | "struct" }>;

/** A writer that is compiled when it is first called: what never occurs in a call costs nothing, and types may be recursive. */
export interface TypeWriter {
  write: ValueWriter;
}

/** The writers of a schema, as generated code: one function for each struct and each container type, shared by all methods. */
export class TypeWriters {
  readonly schema: Schema;
  readonly options: CodecOptions;
  readonly defaults: DefaultWriter;
  readonly #structs = new Map<number, TypeWriter>();
  /** By identity: a typedef may stand for a type so often that its full text would be endless. */
  readonly #containers = new Map<TypeDescriptor, TypeWriter>();
  readonly #enums = new Map<number, EnumTable>();

  constructor(schema: Schema, options: CodecOptions) {
    this.schema = schema;
    this.options = options;
    this.defaults = new DefaultWriter(schema);
  }

  writer(type: ContainerType): TypeWriter {
    const known = type.kind === "struct" ? this.#structs.get(type.index) : this.#containers.get(type);
    if (known !== undefined) return known;
    const writer: TypeWriter = {
      write: (p, o, depth) => {
        const unit = new EncodeUnit();
        writer.write = unit.compile(new ValueSource(this, unit).body(type));
        return writer.write(p, o, depth);
      },
    };
    if (type.kind === "struct") this.#structs.set(type.index, writer);
    else this.#containers.set(type, writer);
    return writer;
  }

  enum(index: number): EnumTable {
    let table = this.#enums.get(index);
    if (table === undefined) {
      const { name, members } = this.schema.enums[index]!;
      table = { name, names: new NameTable(members.map((member) => member.name)), values: members.map((member) => member.value) };
      this.#enums.set(index, table);
    }
    return table;
  }
}
