import { fieldJsonName, mappingOf } from "../json/field-mapping.ts";
import type { FieldDescriptor, Schema, StructDescriptor, TypeDescriptor } from "../schema/descriptors.ts";
import { isScalar } from "../schema/scalar-type.ts";
import { fixedSize, leastSize, typeCodeOf } from "../wire/type-code.ts";
import type { CodecOptions } from "./codec.ts";
import { DefaultRenderer, writesI64AsString } from "./decode-default.ts";
import { fewKeys, type KeySpans } from "./decode-keys.ts";
import { scalarKey, scalarValue } from "./decode-scalars.ts";
import {
  assertRoom,
  assertSize,
  paddingRoom,
  putKey,
  type Read,
  readInt32,
  reload,
  Unit,
  utf8,
  type Value,
} from "./decode-source.ts";
import { integer } from "./emit.ts";

/** A reader that is compiled when it is first called: what never occurs in a reply costs nothing, and types may be recursive. */
export interface Reader {
  read: Read;
}

/** Fields up to which a chain of comparisons beats the search for the field's place. */
const fewFields = 12;

const fieldsOfMask = 30;

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
    const fields = struct.fields.filter((field) => mappingOf(field).inReplies);
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
${struct.kind === "union" ? "if(members!==1)throw notOneMember();" : this.#absentFields(unit, fields)}
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
  #absentFields(unit: Unit, fields: readonly FieldDescriptor[]): string {
    return fields
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
    const asText = isScalar(key);
    const keyText = asText ? scalarKey(unit, this, key) : this.#value(unit, key, i64AsString);
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

  #value(unit: Unit, type: TypeDescriptor, i64AsString: boolean): Value {
    if (isScalar(type)) return scalarValue(unit, this, type, i64AsString);
    const child = unit.constant(this.of(type, i64AsString));
    return { size: 0, room: 0, source: `output.at=w;at=${child}.read(bytes,at,end,depth-1);w=output.at;${reload}` };
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

function seenBit(place: number): { readonly mask: string; readonly bit: string } {
  return { mask: `seen${integer(Math.floor(place / fieldsOfMask))}`, bit: integer(2 ** (place % fieldsOfMask)) };
}

/** `,"name":`; the comma of the first one becomes the opening bracket. */
function renderKey(field: FieldDescriptor): Uint8Array {
  return utf8(`,${JSON.stringify(fieldJsonName(field))}:`);
}

function concatenate(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
