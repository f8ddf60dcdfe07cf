import type { Schema } from "../schema/descriptors.ts";
import type { ScalarType } from "../schema/scalar-type.ts";
import type { CodecOptions } from "./codec.ts";
import { assertSize, putBytes, readInt32, reload, type Unit, utf8, type Value } from "./decode-source.ts";

/** What the text of a scalar depends on. */
interface Context {
  readonly schema: Schema;
  readonly options: CodecOptions;
}

export function scalarValue(unit: Unit, context: Context, type: ScalarType, i64AsString: boolean): Value {
  switch (type.kind) {
    case "bool":
      return { size: 1, room: 8, source: `if(bytes[at++]!==0){${putBytes(utf8("true"))}}else{${putBytes(utf8("false"))}}` };
    case "i8":
      return { size: 1, room: 4, source: "w=putInt(out,w,bytes[at++]<<24>>24);" };
    case "i16":
      return { size: 2, room: 6, source: "w=putInt(out,w,(bytes[at]<<24|bytes[at+1]<<16)>>16);at+=2;" };
    case "i32":
      return { size: 4, room: 11, source: `w=putInt(out,w,${readInt32("at")});at+=4;` };
    case "i64":
      return { size: 8, room: 22, source: `${inQuotes(i64AsString, `w=putInt64(out,w,${readHalves()});`)}at+=8;` };
    case "double":
      return { size: 8, room: 26, source: `w=putDouble(out,w,${readHalves()});at+=8;` };
    case "string":
      return sized("putText");
    case "binary":
      return sized("putBase64");
    case "uuid":
      return { size: 16, room: 38, source: "w=putUuid(out,w,bytes,at);at+=16;" };
    case "enum":
      return enumValue(unit, context, type.index, false);
  }
}

/** A scalar as the key of a JSON object: always in quotes. */
export function scalarKey(unit: Unit, context: Context, type: ScalarType): Value {
  switch (type.kind) {
    case "string":
    case "binary":
    case "uuid":
      return scalarValue(unit, context, type, false);
    case "double":
      return { size: 8, room: 28, source: `${inQuotes(true, `w=putDoubleKey(out,w,${readHalves()});`)}at+=8;` };
    case "enum":
      return enumValue(unit, context, type.index, true);
    default: {
      const { size, room, source } = scalarValue(unit, context, type, false);
      return { size, room: room + 2, source: inQuotes(true, source) };
    }
  }
}

function sized(put: "putText" | "putBase64"): Value {
  return {
    size: 0,
    room: 0,
    source: `{${assertSize(4)}
const length=${readInt32("at")};at+=4;
if(length<0||length>=end-at)throw badSize();
w=${put}(bytes,at,length,w);${reload}at+=length;}`,
  };
}

/** A number where the service wants numbers, or the peer is newer than the IDL. */
function enumValue(unit: Unit, { schema, options }: Context, index: number, asKey: boolean): Value {
  const number = (value: string): string => inQuotes(asKey, `w=putInt(out,w,${value});`);
  if (options.enums === "number") return { size: 4, room: 13, source: `${number(readInt32("at"))}at+=4;` };
  const { members } = schema.enums[index]!;
  // Of several names for a number, the first.
  const names = new Map(members.toReversed().map(({ name, value }) => [value, utf8(JSON.stringify(name))]));
  return {
    size: 4,
    room: 13,
    source: `{const value=${readInt32("at")},name=${unit.constant(names)}.get(value);at+=4;
if(name===undefined){${number("value")}}else{w=putRendered(name,w);${reload}}}`,
  };
}

function readHalves(): string {
  return `${readInt32("at")},${readInt32("at+4")}`;
}

function inQuotes(quoted: boolean, source: string): string {
  return quoted ? `out[w++]=34;${source}out[w++]=34;` : source;
}
