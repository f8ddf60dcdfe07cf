import { NameTable } from "../json/name-table.ts";
import type { EnumTable } from "../json/scalars.ts";
import type { Schema, TypeDescriptor } from "../schema/descriptors.ts";
import { typeCodeOf } from "../wire/type-code.ts";
import type { CodecOptions } from "./codec.ts";
import { isScalar } from "./decode-scalars.ts";
import { integer } from "./emit.ts";
import { DefaultWriter } from "./encode-default.ts";
import { structBody } from "./encode-struct.ts";
import { advance, EncodeUnit, peek, type ValueWriter } from "./encode-unit.ts";

type ContainerType = Extract<TypeDescriptor, { kind: "list" | "set" | "map" | "struct" }>;

/** Takes the output's end and view anew, after a value of varying size; a default inside may have replaced the view. */
const afterContainer = "o=output.end;x=output.view;";

/**
 * The writers of a schema, as generated code: one function for each struct and each container type. Those that a method needs
 * are compiled when its first call is encoded, and shared with the methods that follow.
 */
export class TypeWriters {
  readonly schema: Schema;
  readonly options: CodecOptions;
  readonly defaults: DefaultWriter;
  readonly #compiled = new Map<string, ValueWriter>();
  /** Types are told apart by number: a typedef may stand for a type so often that its full text would be endless. */
  readonly #numbers = new Map<TypeDescriptor, number>();
  readonly #numbersByShape = new Map<string, number>();
  readonly #enums = new Map<number, EnumTable>();

  constructor(schema: Schema, options: CodecOptions) {
    this.schema = schema;
    this.options = options;
    this.defaults = new DefaultWriter(schema);
  }

  struct(index: number): ValueWriter {
    const unit = new UnitOfTypes(this, this.#compiled);
    const type: TypeDescriptor = { kind: "struct", index };
    const key = this.key(type);
    if (!this.#compiled.has(key)) unit.compile(type);
    return this.#compiled.get(key)!;
  }

  key(type: TypeDescriptor): string {
    return `${this.#number(type)}`;
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

  #number(type: TypeDescriptor): number {
    let number = this.#numbers.get(type);
    if (number === undefined) {
      const shape = this.#shape(type);
      number = this.#numbersByShape.get(shape) ?? this.#numbersByShape.size;
      this.#numbersByShape.set(shape, number);
      this.#numbers.set(type, number);
    }
    return number;
  }

  #shape(type: TypeDescriptor): string {
    switch (type.kind) {
      case "list":
      case "set":
        return `${type.kind} ${this.#number(type.element)}`;
      case "map":
        return `map ${this.#number(type.key)} ${this.#number(type.value)}`;
      case "struct":
      case "enum":
        return `${type.kind} ${type.index}`;
      default:
        return type.kind;
    }
  }
}

/** Compiles a type and all that it refers to and that is not compiled yet. */
export class UnitOfTypes {
  readonly writers: TypeWriters;
  readonly unit = new EncodeUnit();
  readonly #compiled: Map<string, ValueWriter>;
  readonly #names = new Map<string, string>();
  readonly #pending: ContainerType[] = [];

  constructor(writers: TypeWriters, compiled: Map<string, ValueWriter>) {
    this.writers = writers;
    this.#compiled = compiled;
  }

  compile(type: ContainerType): void {
    const defined = new Map<string, string>();
    this.#nameOf(type);
    for (let next = this.#pending.pop(); next !== undefined; next = this.#pending.pop()) {
      const name = this.#nameOf(next);
      this.unit.define(name, this.#body(next));
      defined.set(this.writers.key(next), name);
    }
    const functions = this.unit.evaluate([...defined.values()]);
    for (const [place, key] of [...defined.keys()].entries()) this.#compiled.set(key, functions[place]!);
  }

  /** Statements that write the value at `p` to `o` and move both; `depth` is the expression of how deep it may nest. */
  value(type: TypeDescriptor, depth: string): string {
    const { lenient } = this.writers.options;
    const number = (name: "I8" | "I16" | "I32" | "I64" | "Double", size: number) =>
      lenient ? `p=b[p]===34?writeQuoted${name}(p,o):write${name}(p,o);o+=${size};` : `p=write${name}(p,o);o+=${size};`;
    switch (type.kind) {
      case "bool":
        return "p=writeBool(p,o);o+=1;";
      case "i8":
        return number("I8", 1);
      case "i16":
        return number("I16", 2);
      case "i32":
        return number("I32", 4);
      case "i64":
        return number("I64", 8);
      case "double":
        return number("Double", 8);
      case "enum":
        return `p=${lenient ? "writeQuotedEnum" : "writeEnum"}(p,o,${this.#enum(type.index)});o+=4;`;
      case "uuid":
        return "p=writeUuid(p,o);o+=16;";
      case "string":
        return `p=${lenient ? `writeAnyAsString(p,o,${depth})` : "copyString(p,o)"};o=output.end;`;
      case "binary":
        return "p=writeBinary(p,o);o=output.end;";
      default:
        return `p=${this.#nameOf(type)}(p,o,${depth});${afterContainer}`;
    }
  }

  /** The same for the key of a map that is a JSON object: text in quotes. */
  #keyText(type: TypeDescriptor): string {
    switch (type.kind) {
      case "bool":
        return "p=writeQuotedBool(p,o);o+=1;";
      case "i8":
        return "p=writeQuotedI8(p,o);o+=1;";
      case "i16":
        return "p=writeQuotedI16(p,o);o+=2;";
      case "i32":
        return "p=writeQuotedI32(p,o);o+=4;";
      case "i64":
        return "p=writeQuotedI64(p,o);o+=8;";
      case "double":
        return "p=writeQuotedDouble(p,o);o+=8;";
      case "enum":
        return `p=writeQuotedEnum(p,o,${this.#enum(type.index)});o+=4;`;
      case "string":
        return "p=copyString(p,o);o=output.end;";
      default:
        return this.value(type, "0");
    }
  }

  #nameOf(type: ContainerType): string {
    const key = this.writers.key(type);
    let name = this.#names.get(key);
    if (name === undefined) {
      const compiled = this.#compiled.get(key);
      if (compiled !== undefined) name = this.unit.bind(compiled);
      else {
        name = this.unit.newName();
        this.#pending.push(type);
      }
      this.#names.set(key, name);
    }
    return name;
  }

  #enum(index: number): string {
    return this.unit.bind(this.writers.enum(index));
  }

  #body(type: ContainerType): string {
    switch (type.kind) {
      case "struct":
        return structBody(this, this.writers.schema.structs[type.index]!);
      case "map":
        return this.#mapBody(type.key, type.value);
      default:
        return this.#listBody(type.kind, type.element);
    }
  }

  #listBody(kind: "list" | "set", element: TypeDescriptor): string {
    const code = integer(typeCodeOf(element));
    const write = this.value(element, "depth-1");
    const one =
      this.writers.options.lenient && isScalar(element)
        ? `if(c!==91&&c!==123&&c!==110){${write}x.setInt8(start,${code});x.setInt32(start+1,1);output.end=o;return p;}`
        : "";
    const set = kind === "set";
    return `const start=o;let n=0;o+=5;c=b[p];
${one}
if(c!==91)failType(p,"an array");
if(depth===0)failDepth(p);
${set ? "const members=openMembers();" : ""}
${advance}
if(c!==93)for(;;){
if(o>output.limit)failTooLarge(p);
${set ? `const from=o,at=p;${write}addMember(from,o,at);` : write}
n++;
${peek}
if(c===93)break;
if(c!==44)failSyntax(p);
${advance}
}
p++;
${set ? `closeSet(members,${code});` : ""}
x.setInt8(start,${code});x.setInt32(start+1,n);output.end=o;`;
  }

  #mapBody(key: TypeDescriptor, value: TypeDescriptor): string {
    const keyCode = integer(typeCodeOf(key));
    const valueCode = integer(typeCodeOf(value));
    const writeValue = this.value(value, "depth-1");
    const object = isScalar(key)
      ? `if(c===123){
${advance}
if(c!==125)for(;;){
if(o>output.limit)failTooLarge(p);
if(c!==34)failSyntax(p);
const from=o,at=p;
${this.#keyText(key)}
addMember(from,o,at);
p=skipColon(p);
${writeValue}
n++;
${peek}
if(c===125)break;
if(c!==44)failSyntax(p);
${advance}
}
}else `
      : "";
    const expected = isScalar(key) ? '"an object, or an array of [key, value] pairs"' : '"an array of [key, value] pairs"';
    return `const start=o,members=openMembers();let n=0;o+=6;c=b[p];
if(depth===0&&(c===123||c===91))failDepth(p);
${object}{
if(c!==91)failType(p,${expected});
${advance}
if(c!==93)for(;;){
if(o>output.limit)failTooLarge(p);
if(c!==91)failType(p,"a [key, value] pair");
const pair=p;
${advance}
if(c===93)failType(pair,"a [key, value] pair","an empty array");
const from=o,at=p;
${this.value(key, "depth-1")}
addMember(from,o,at);
${peek}
if(c!==44)failType(pair,"a [key, value] pair","an array of another length");
${advance}
${writeValue}
${peek}
if(c!==93)failType(pair,"a [key, value] pair","an array of another length");
${advance}
n++;
if(c===93)break;
if(c!==44)failSyntax(p);
${advance}
}
}
p++;
closeMap(members,${keyCode});
x.setInt8(start,${keyCode});x.setInt8(start+1,${valueCode});x.setInt32(start+2,n);output.end=o;`;
  }
}
