import type { TypeDescriptor } from "../schema/descriptors.ts";

/** TType, as the binary protocol numbers it. */
export const TypeCode = {
  stop: 0,
  bool: 2,
  i8: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
  uuid: 16,
} as const;

const codeOfKind: Readonly<Record<TypeDescriptor["kind"], number>> = {
  ...TypeCode,
  binary: TypeCode.string,
  enum: TypeCode.i32,
};

/** The type code under which values of `type` travel. */
export function typeCodeOf(type: TypeDescriptor): number {
  return codeOfKind[type.kind];
}

/** Bytes of a value by type code; 0: the size varies, or there is no such type. */
export const fixedSize: Uint8Array = sizesByCode({ bool: 1, i8: 1, double: 8, i16: 2, i32: 4, i64: 8, uuid: 16 });

/** Fewest bytes of a value by type code; 0: there is no such type. */
export const leastSize: Uint8Array = sizesByCode({
  bool: 1,
  i8: 1,
  double: 8,
  i16: 2,
  i32: 4,
  i64: 8,
  uuid: 16,
  string: 4,
  struct: 1,
  map: 6,
  set: 5,
  list: 5,
});

function sizesByCode(sizes: Partial<Record<keyof typeof TypeCode, number>>): Uint8Array {
  const table = new Uint8Array(256);
  for (const [name, size] of Object.entries(sizes)) table[TypeCode[name as keyof typeof TypeCode]] = size;
  return table;
}
