import type { TypeDescriptor } from "../schema/descriptors.ts";
import { isScalar } from "../schema/scalar-type.ts";
import { typeCodeOf } from "../wire/type-code.ts";
import { integer } from "./emit.ts";
import { structBody } from "./encode-struct.ts";
import type { ContainerType, TypeWriters } from "./encode-types.ts";
import { advance, type EncodeUnit, peek } from "./encode-unit.ts";

/** Takes the output's end and view anew, after a value of varying size; a default inside may have replaced the view. */
const afterContainer = "o=output.end;x=output.view;";

/** Source that writes values, for one unit. */
export class ValueSource {
  readonly writers: TypeWriters;
  readonly unit: EncodeUnit;

  constructor(writers: TypeWriters, unit: EncodeUnit) {
    this.writers = writers;
    this.unit = unit;
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
        return `p=${this.unit.bind(this.writers.writer(type))}.write(p,o,${depth});${afterContainer}`;
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

  #enum(index: number): string {
    return this.unit.bind(this.writers.enum(index));
  }

  /** The body of the function that writes values of `type`. */
  body(type: ContainerType): string {
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
