import { addMember, closeMap, closeSet, openMembers } from "../json/distinct.ts";
import { writeDouble, writeQuotedDouble } from "../json/doubles.ts";
import { fieldJsonName } from "../json/field-mapping.ts";
import { input } from "../json/input.ts";
import {
  writeI8,
  writeI16,
  writeI32,
  writeI64,
  writeQuotedI8,
  writeQuotedI16,
  writeQuotedI32,
  writeQuotedI64,
} from "../json/integers.ts";
import { fail, failDepth, failDuplicate, failSyntax, failType } from "../json/mismatch.ts";
import { findKey, type NameTable } from "../json/name-table.ts";
import { nearestName } from "../json/nearest-name.ts";
import {
  writeAnyAsString,
  writeBinary,
  writeBool,
  writeEnum,
  writeQuotedBool,
  writeQuotedEnum,
  writeUuid,
} from "../json/scalars.ts";
import { addKey, type KeySet, skipColon, skipNull, skipValue, skipWhitespace } from "../json/skip.ts";
import { copyString, skipString } from "../json/strings.ts";
import type { StructDescriptor } from "../schema/descriptors.ts";
import { makeRoom, output } from "../wire/binary-writer.ts";

/** What the generated code of encoders may use; each name becomes a local of the unit. */
export const encodeLibrary = {
  input,
  output,
  skipWhitespace,
  skipColon,
  skipNull,
  skipValue,
  findKey,
  addUnknownKey,
  failUnknownKey,
  failMissing,
  failUnion,
  failDepth,
  failDuplicate,
  failSyntax,
  failType,
  failTooLarge,
  putDefault,
  openMembers,
  addMember,
  closeSet,
  closeMap,
  copyString,
  writeAnyAsString,
  writeBinary,
  writeBool,
  writeDouble,
  writeEnum,
  writeI8,
  writeI16,
  writeI32,
  writeI64,
  writeUuid,
  writeQuotedBool,
  writeQuotedDouble,
  writeQuotedEnum,
  writeQuotedI8,
  writeQuotedI16,
  writeQuotedI32,
  writeQuotedI64,
};

/** What a byte of JSON becomes at most: `1,` in a list of i64 takes eight, and where a service is lenient, `1,` in a list of lists thirteen. */
const MAX_GROWTH = 7;

/** For what a list adds before its first element, and whole words that are stored where less is needed. */
const SPARE_BYTES = 64;

/**
 * Bytes that the rest of the input may take. A list, set or map looks at the limit before each element, and what stands between
 * two elements takes at most four times its length in JSON, so that more than that need not be there beyond the limit.
 */
export function roomFor(jsonBytes: number, bytesToLimit: number): number {
  return Math.min(MAX_GROWTH * jsonBytes, bytesToLimit + 4 * jsonBytes) + SPARE_BYTES;
}

export function failTooLarge(p: number): never {
  return fail(p, "LIMIT_EXCEEDED", "the call takes more bytes than are allowed");
}

/** Writes a default of the struct that begins at `struct` and ends at `p`; `undefined`: too large to be sent. */
function putDefault(bytes: Uint8Array | undefined, struct: number, p: number, o: number): number {
  if (bytes === undefined) return fail(struct, "LIMIT_EXCEEDED", "a default in the IDL is too large, or nested too deep");
  const end = o + bytes.length;
  if (end > output.limit) failTooLarge(struct);
  makeRoom(o, bytes.length + roomFor(input.end - p, output.limit - end));
  if (bytes.length > 16) output.bytes.set(bytes, o);
  else for (let i = 0; i < bytes.length; i++) output.bytes[o + i] = bytes[i]!;
  return end;
}

/** Remembers the key that was last looked up, of which the IDL knows nothing. */
function addUnknownKey(keys: KeySet | undefined): KeySet {
  return addKey(keys, input.key, skipString(input.key));
}

function failUnknownKey(struct: StructDescriptor, table: NameTable): never {
  const p = input.key;
  const text = input.bytes.toString("utf8", p, Math.min(skipString(p), p + 256));
  const near = nearestName(text.slice(1, -1), table.names);
  const suggestion = near === undefined ? "" : `; did you mean "${near}"?`;
  return fail(p, "UNKNOWN_FIELD", `${describeStruct(struct)} has no such field${suggestion}`);
}

/** `seen` are the 32 fields of the struct from `from` on that were given. */
function failMissing(p: number, struct: StructDescriptor, from: number, seen: number): never {
  const missing = struct.fields.find(
    (field, index) =>
      field.requiredness === "required" &&
      field.defaultValue === undefined &&
      index >= from &&
      index < from + 32 &&
      (seen & (1 << (index & 31))) === 0,
  );
  const name = missing === undefined ? "" : fieldJsonName(missing);
  return fail(
    p,
    "MISSING_FIELD",
    `the required field "${name}" of ${describeStruct(struct)} is missing or null`,
    undefined,
    name,
  );
}

function failUnion(p: number, struct: StructDescriptor, given: number): never {
  return failType(p, `exactly one field of the union ${struct.name}`, given === 0 ? "none" : "several");
}

function describeStruct(struct: StructDescriptor): string {
  return struct.kind === "arguments" ? "the method" : `the ${struct.kind} ${struct.name}`;
}
