import { TypeCode } from "./type-code.ts";

/** Types as the compact protocol numbers them. A bool has two: as a field, its type is its value. */
export const CompactType = {
  stop: 0,
  true: 1,
  false: 2,
  i8: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  string: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
  uuid: 13,
} as const;

const names = ["i8", "i16", "i32", "i64", "double", "string", "list", "set", "map", "struct", "uuid"] as const;

/** By compact type, its number in the binary protocol; 0: there is no such type. */
export const typeCodes = new Uint8Array(16);
/** By number in the binary protocol, the compact type; of a bool, the one that containers declare. */
export const compactTypes = new Uint8Array(17);

typeCodes[CompactType.true] = TypeCode.bool;
typeCodes[CompactType.false] = TypeCode.bool;
compactTypes[TypeCode.bool] = CompactType.true;
for (const name of names) {
  typeCodes[CompactType[name]] = TypeCode[name];
  compactTypes[TypeCode[name]] = CompactType[name];
}

/** Each message begins with it, and with a byte of version 1 below the message's type. */
export const compactProtocolId = 0x82;
export const compactVersion = 1;
export const versionMask = 0x1f;
export const messageTypeShift = 5;
