import { fieldJsonName } from "../json/field-name.ts";
import type { FieldDescriptor, Schema, StructDescriptor, TypeDescriptor } from "../schema/descriptors.ts";
import { badSize, badType, ReplyFault, tooDeep, truncated } from "../wire/reply-fault.ts";
import { isElementOfEmpty, skip } from "../wire/skip.ts";
import { fixedSize, leastSize, typeCodeOf } from "../wire/type-code.ts";
import type { CodecOptions } from "./codec.ts";
import { DefaultRenderer, isTextKey, writesI64AsString } from "./decode-default.ts";
import { fewKeys, KeySpans } from "./decode-keys.ts";
import { putDouble, putDoubleKey, putInt, putInt64 } from "./decode-number.ts";
import { grow, output, putBase64, putRendered, putUuid, replyTooLarge } from "./decode-output.ts";
import { putText } from "./decode-text.ts";
import { integer, SourceUnit } from "./emit.ts";

/**
 * Reads the value at `at`, writes its JSON to {@link output} and returns where the value ends: before `end`, since the stop byte
 * of a struct always follows. `depth` is how many levels of nesting are still allowed.
 */
type Read = (bytes: Uint8Array, at: number, end: number, depth: number) => number;

/** A reader that is compiled when it is first called: what never occurs in a reply costs nothing, and types may be recursive. */
export interface Reader {
  read: Read;
}

/** What generated code may call. Names are ours; they become locals of each unit. */
const library = {
  output,
  grow,
  putText,
  putInt,
  putInt64,
  putDouble,
  putDoubleKey,
  putBase64,
  putUuid,
  putRendered,
  newKeys: () => new KeySpans(),
  skip,
  isElementOfEmpty,
  truncated,
  badSize,
  badType,
  tooDeep,
  replyTooLarge,
  duplicateField: () => new ReplyFault("MALFORMED", "a field occurs twice in a struct"),
  missingField: () => new ReplyFault("MALFORMED", "a required field is missing"),
  notOneMember: () => new ReplyFault("MALFORMED", "a union does not hold exactly one known member"),
  duplicateKey: () => new ReplyFault("MALFORMED", "a key occurs twice in a map"),
};

/** Fields up to which a chain of comparisons beats the search for the field's place. */
const fewFields = 12;
/** Keys up to which the stores are unrolled; longer ones are copied. */
const unrolledKeyBytes = 40;
const fieldsOfMask = 30;

const paddingRoom = 3;

/** Takes the output anew, after a call that may have replaced it. */
const reload = "out=output.bytes;view=output.view;";

/** Free bytes that every reader and every value leaves behind it: a separator and a closing bracket. */
const closingRoom = 2;

/** The readers of a schema, as generated code: one function for each struct and each container type. */
export class Readers {
  readonly schema: Schema;
  readonly options: CodecOptions;
  readonly #defaults: DefaultRenderer;
  readonly #structs = new Map<number, Reader>();
  /** By identity of the type: however often a typedef multiplies it, it is compiled once. */
  readonly #types = { digits: new Map<TypeDescriptor, Reader>(), quoted: new Map<TypeDescriptor, Reader>() };
  /** Of small maps, reused. By remaining depth: maps in maps never share one. */
  readonly #keys: KeySpans[] = [];

  constructor(schema: Schema, options: CodecOptions) {
    this.schema = schema;
    this.options = options;
    this.#defaults = new DefaultRenderer(schema, options);
  }

  of(type: TypeDescriptor, i64AsString: boolean): Reader {
    if (type.kind === "struct") {
      return memoized(this.#structs, type.index, (unit) => this.#structBody(unit, this.schema.structs[type.index]!));
    }
    return memoized(this.#types[i64AsString ? "quoted" : "digits"], type, (unit) => this.#typeBody(unit, type, i64AsString));
  }

  #typeBody(unit: Unit, type: TypeDescriptor, i64AsString: boolean): string {
    switch (type.kind) {
      case "list":
      case "set":
        return this.#listBody(unit, type.element, i64AsString);
      case "map":
        return this.#mapBody(unit, type.key, type.value, i64AsString);
      default: {
        const value = this.#value(unit, type, i64AsString);
        return `${assertSize(value.size)}${assertRoom(value.room)}${value.source}`;
      }
    }
  }

  #structBody(unit: Unit, struct: StructDescriptor): string {
    const { fields } = struct;
    const headers = fields.map((field) => (typeCodeOf(field.type) << 16) | (field.id & 0xffff));
    const masks = Array.from({ length: Math.ceil(fields.length / fieldsOfMask) }, (_, i) => `,seen${integer(i)}=0`).join("");
    const dispatch = fields.length <= fewFields ? dispatchByHeader(headers) : dispatchByPlace(unit, headers);
    const cases = fields.map((field, i) => `case ${dispatch.labels[i]}:${this.#field(unit, struct, field, i)}continue;`);
    return `if(depth===0)throw tooDeep();
const start=w;let members=0,next=0${masks};
for(;;){
const code=bytes[at];
if(code===0)break;
if(end-at<5)throw truncated();
const header=code<<16|bytes[at+1]<<8|bytes[at+2];
at+=3;
${dispatch.source}{
${cases.join("\n")}
}
at=skip(bytes,at,end,code,depth-1);
}
if(++at>=end)throw truncated();
${struct.kind === "union" ? "if(members!==1)throw notOneMember();" : this.#absentFields(unit, struct)}
${assertRoom(2)}
if(w===start)w++;
out[start]=123;out[w++]=125;`;
  }

  #field(unit: Unit, struct: StructDescriptor, field: FieldDescriptor, place: number): string {
    const { mask, bit } = seenBit(place);
    const key = renderKey(field);
    const value = this.#value(unit, field.type, writesI64AsString(field.annotations, this.options));
    return `if(${mask}&${bit})throw duplicateField();${mask}|=${bit};${struct.kind === "union" ? "members++;" : ""}
${assertSize(value.size)}${assertRoom(key.length + paddingRoom + value.room)}${putKey(unit, key)}${value.source}`;
  }

  /** What a struct's end asks of the fields that did not come. */
  #absentFields(unit: Unit, struct: StructDescriptor): string {
    return struct.fields
      .map((field, place) => {
        const { mask, bit } = seenBit(place);
        if (field.defaultValue !== undefined) {
          const i64AsString = writesI64AsString(field.annotations, this.options);
          const json = this.#defaults.render(field.type, field.defaultValue, i64AsString);
          if (json === undefined) return `if((${mask}&${bit})===0)throw replyTooLarge();`;
          const rendered = unit.constant(concatenate(renderKey(field), json));
          return `if((${mask}&${bit})===0){w=putRendered(${rendered},w);${reload}}`;
        }
        return field.requiredness === "required" ? `if((${mask}&${bit})===0)throw missingField();` : "";
      })
      .join("\n");
  }

  #listBody(unit: Unit, element: TypeDescriptor, i64AsString: boolean): string {
    const code = typeCodeOf(element);
    const value = this.#value(unit, element, i64AsString);
    return `if(depth===0)throw tooDeep();
if(end-at<6)throw truncated();
const code=bytes[at],count=${readInt32("at+1")};
at+=5;
${assertRoom(1)}
out[w++]=91;
if(count===0&&isElementOfEmpty(code))w++;
else{
if(code!==${integer(code)})throw badType();
if(count<=0||count*${integer(leastSize[code]!)}>=end-at)throw badSize();
for(let i=0;i<count;i++){
${assertRoom(value.room)}${value.source}out[w++]=44;
}
}
out[w-1]=93;${assertRoom(0)}`;
  }

  #mapBody(unit: Unit, key: TypeDescriptor, value: TypeDescriptor, i64AsString: boolean): string {
    const keyCode = typeCodeOf(key);
    const valueCode = typeCodeOf(value);
    const asText = isTextKey(key);
    const keyText = asText ? this.#key(unit, key) : this.#value(unit, key, i64AsString);
    const valueText = this.#value(unit, value, i64AsString);
    const [open, close] = asText ? ([123, 125] as const) : ([91, 93] as const);
    const leastEntry = leastSize[keyCode]! + leastSize[valueCode]!;
    const fixedEntry = fixedSize[keyCode] !== 0 && fixedSize[valueCode] !== 0;
    const assertWhole = ({ size }: Value): string => (fixedEntry ? "" : assertSize(size));
    const keysByDepth = unit.constant(this.#keys);
    return `if(depth===0)throw tooDeep();
if(end-at<7)throw truncated();
const keyCode=bytes[at],valueCode=bytes[at+1],count=${readInt32("at+2")};
at+=6;
${assertRoom(1)}
out[w++]=${integer(open)};
if(count===0&&isElementOfEmpty(keyCode)&&isElementOfEmpty(valueCode))w++;
else{
if(keyCode!==${integer(keyCode)}||valueCode!==${integer(valueCode)})throw badType();
if(count<=0||count*${integer(leastEntry)}>=end-at)throw badSize();
const keys=count>${integer(fewKeys)}?newKeys():${keysByDepth}[depth]??=newKeys();
keys.clear();
for(let i=0;i<count;i++){
${assertWhole(keyText)}${assertRoom(keyText.room + 1)}${asText ? "" : "out[w++]=91;"}
const start=w;
${keyText.source}
if(count!==1&&!keys.add(out,start,w))throw duplicateKey();
out[w++]=${integer(asText ? 58 : 44)};
${assertWhole(valueText)}${assertRoom(valueText.room + 1)}${valueText.source}
${asText ? "" : "out[w++]=93;"}out[w++]=44;
}
}
out[w-1]=${integer(close)};${assertRoom(0)}`;
  }

  /** A map key of a scalar type: always in quotes. */
  #key(unit: Unit, type: TypeDescriptor): Value {
    if (type.kind === "string" || type.kind === "binary" || type.kind === "uuid") return this.#value(unit, type, false);
    const quote = "out[w++]=34;";
    if (type.kind === "enum" && this.options.enums === "name") return this.#enumName(unit, type.index, quote);
    const value =
      type.kind === "double"
        ? { size: 8, room: 26, source: `w=putDoubleKey(out,w,${readInt32("at")},${readInt32("at+4")});at+=8;` }
        : this.#value(unit, type, false);
    return { ...value, room: value.room + 2, source: `${quote}${value.source}${quote}` };
  }

  #value(unit: Unit, type: TypeDescriptor, i64AsString: boolean): Value {
    switch (type.kind) {
      case "bool":
        return {
          size: 1,
          room: 8,
          source: `if(bytes[at++]!==0){${putBytes(utf8("true"))}}else{${putBytes(utf8("false"))}}`,
        };
      case "i8":
        return { size: 1, room: 4, source: "w=putInt(out,w,bytes[at++]<<24>>24);" };
      case "i16":
        return { size: 2, room: 6, source: "w=putInt(out,w,(bytes[at]<<24|bytes[at+1]<<16)>>16);at+=2;" };
      case "i32":
        return { size: 4, room: 11, source: `w=putInt(out,w,${readInt32("at")});at+=4;` };
      case "enum":
        return this.options.enums === "name"
          ? this.#enumName(unit, type.index, "")
          : { size: 4, room: 11, source: `w=putInt(out,w,${readInt32("at")});at+=4;` };
      case "i64": {
        const quote = i64AsString ? "out[w++]=34;" : "";
        return {
          size: 8,
          room: 22,
          source: `${quote}w=putInt64(out,w,${readInt32("at")},${readInt32("at+4")});${quote}at+=8;`,
        };
      }
      case "double":
        return { size: 8, room: 26, source: `w=putDouble(out,w,${readInt32("at")},${readInt32("at+4")});at+=8;` };
      case "uuid":
        return { size: 16, room: 38, source: "w=putUuid(out,w,bytes,at);at+=16;" };
      case "string":
      case "binary": {
        const put = type.kind === "string" ? "putText" : "putBase64";
        return {
          size: 0,
          room: 0,
          source: `{${assertSize(4)}
const length=${readInt32("at")};at+=4;
if(length<0||length>=end-at)throw badSize();
w=${put}(bytes,at,length,w);${reload}at+=length;}`,
        };
      }
      case "struct":
      case "list":
      case "set":
      case "map": {
        const child = unit.constant(this.of(type, i64AsString));
        return { size: 0, room: 0, source: `output.at=w;at=${child}.read(bytes,at,end,depth-1);w=output.at;${reload}` };
      }
    }
  }

  #enumName(unit: Unit, index: number, quoteNumber: string): Value {
    const { members } = this.schema.enums[index]!;
    const names = new Map(members.toReversed().map(({ name, value }) => [value, utf8(JSON.stringify(name))]));
    return {
      size: 4,
      room: 13,
      source: `{const value=${readInt32("at")},name=${unit.constant(names)}.get(value);at+=4;
if(name===undefined){${quoteNumber}w=putInt(out,w,value);${quoteNumber}}
else{w=putRendered(name,w);${reload}}}`,
    };
  }
}

/** Source that reads one value of which `size` bytes are fixed, and writes at most `room` bytes; 0: it looks after itself. */
interface Value {
  readonly size: number;
  readonly room: number;
  readonly source: string;
}

/** The source of one reader. */
class Unit {
  readonly #source = new SourceUnit();
  readonly #constants: string[] = [];

  /** A local that holds `value`. */
  constant(value: unknown): string {
    const name = `constant${this.#constants.length}`;
    this.#constants.push(`const ${name}=${this.#source.slot(value)};`);
    return name;
  }

  /** The function whose body is `body`: it moves `at`, `out` and `w`. */
  compile(body: string): Read {
    const names = `const {${Object.keys(library).join()}}=${this.#source.slot(library)};`;
    return this.#source.evaluate(`${names}${this.#constants.join("")}
return function(bytes,at,end,depth){
let out=output.bytes,view=output.view,w=output.at;
${body}
output.at=w;
return at;
};`) as Read;
  }
}

function memoized<Key>(readers: Map<Key, Reader>, key: Key, bodyOf: (unit: Unit) => string): Reader {
  const known = readers.get(key);
  if (known !== undefined) return known;
  const reader: Reader = {
    read(bytes, at, end, depth) {
      const unit = new Unit();
      reader.read = unit.compile(bodyOf(unit));
      return reader.read(bytes, at, end, depth);
    },
  };
  readers.set(key, reader);
  return reader;
}

/** How generated code gets from a field's header, its type and id as one number, to the field. */
interface Dispatch {
  readonly source: string;
  readonly labels: readonly string[];
}

function dispatchByHeader(headers: readonly number[]): Dispatch {
  return { source: "switch(header)", labels: headers.map(integer) };
}

/** Looks first where the last field was followed by this one; then by hash, so that no order of fields is slow. */
function dispatchByPlace(unit: Unit, headers: readonly number[]): Dispatch {
  const expected = unit.constant(Int32Array.from([...headers, -1]));
  const places = unit.constant(new Map(headers.map((header, place) => [header, place])));
  return {
    source: `if(${expected}[next]!==header)next=${places}.get(header)??-1;\nswitch(next++)`,
    labels: headers.map((_, place) => integer(place)),
  };
}

function assertSize(size: number): string {
  return size === 0 ? "" : `if(end-at<=${integer(size)})throw truncated();`;
}

/** Makes room for `room` bytes, and {@link closingRoom} behind them. */
function assertRoom(room: number): string {
  const asked = integer(room + closingRoom);
  return `if(out.length-w<${asked}){out=grow(w,${asked});view=output.view;}`;
}

function readInt32(place: string): string {
  return `(bytes[${place}]<<24|bytes[${place}+1]<<16|bytes[${place}+2]<<8|bytes[${place}+3])`;
}

function seenBit(place: number): { readonly mask: string; readonly bit: string } {
  return { mask: `seen${integer(Math.floor(place / fieldsOfMask))}`, bit: integer(2 ** (place % fieldsOfMask)) };
}

/** `,"name":`; the comma of the first one becomes the opening bracket. */
function renderKey(field: FieldDescriptor): Uint8Array {
  return utf8(`,${JSON.stringify(fieldJsonName(field))}:`);
}

function putKey(unit: Unit, key: Uint8Array): string {
  if (key.length > unrolledKeyBytes) return `w=putRendered(${unit.constant(key)},w);${reload}`;
  return putBytes(key);
}

/** Stores four bytes at a time, and so up to three too many; the room for them must be there. */
function putBytes(bytes: Uint8Array): string {
  const padded = new DataView(new ArrayBuffer(bytes.length + paddingRoom));
  for (const [i, byte] of bytes.entries()) padded.setUint8(i, byte);
  let source = "";
  for (let i = 0; i < bytes.length; i += 4) source += `view.setInt32(w+${integer(i)},${integer(padded.getInt32(i, true))},true);`;
  return `${source}w+=${integer(bytes.length)};`;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function concatenate(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
