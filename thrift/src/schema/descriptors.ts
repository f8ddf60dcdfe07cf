/**
 * What IDL text becomes: linked, immutable descriptors.
 *
 * A schema is plain data (no functions, no cycles): it passes `structuredClone`, so it can be linked in a
 * worker thread and handed over. Types refer to structs and enums by their index in the schema's tables.
 */

/** Annotations of one declaration, in source order; a name may occur several times. A missing value is `"1"`, as in the Apache compiler. */
export type Annotations = readonly (readonly [name: string, value: string])[];

export type ScalarKind = "bool" | "i8" | "i16" | "i32" | "i64" | "double" | "string" | "binary" | "uuid";

export type TypeDescriptor =
  | { readonly kind: ScalarKind }
  | { readonly kind: "enum"; readonly index: number }
  /** A struct, union or exception: `schema.structs[index]`. */
  | { readonly kind: "struct"; readonly index: number }
  | { readonly kind: "list" | "set"; readonly element: TypeDescriptor }
  | { readonly kind: "map"; readonly key: TypeDescriptor; readonly value: TypeDescriptor };

/**
 * A constant, resolved against its type: bool → boolean; i8, i16, i32, double and enum → number; i64 → bigint;
 * string and uuid (canonical) → string; binary → bytes; list and set → {@link ConstantList}; map → {@link ConstantMap};
 * struct → {@link ConstantStruct}.
 */
export type Constant = boolean | number | bigint | string | Uint8Array | ConstantList | ConstantMap | ConstantStruct;
export type ConstantList = { readonly elements: readonly Constant[] };
export type ConstantMap = { readonly entries: readonly (readonly [key: Constant, value: Constant])[] };
/** Only the fields that the constant names; the struct's own defaults fill the rest when it is written. */
export type ConstantStruct = { readonly fields: readonly (readonly [fieldId: number, value: Constant])[] };

export interface FieldDescriptor {
  /** −32768 … 32767; fields without an id in the IDL count down from −1. */
  readonly id: number;
  readonly name: string;
  readonly type: TypeDescriptor;
  readonly requiredness: "required" | "optional" | "default";
  readonly defaultValue?: Constant;
  readonly annotations: Annotations;
  readonly doc?: string;
}

export interface StructDescriptor {
  readonly name: string;
  readonly kind: "struct" | "union" | "exception" | "arguments";
  readonly fields: readonly FieldDescriptor[];
  readonly annotations: Annotations;
  readonly doc?: string;
}

export interface EnumDescriptor {
  readonly name: string;
  readonly members: readonly {
    readonly name: string;
    readonly value: number;
    readonly annotations: Annotations;
    readonly doc?: string;
  }[];
  readonly annotations: Annotations;
  readonly doc?: string;
}

export interface MethodDescriptor {
  readonly name: string;
  readonly oneway: boolean;
  /** Index of the `arguments` struct: one field a parameter. */
  readonly argumentsIndex: number;
  /** `undefined`: void. */
  readonly result: TypeDescriptor | undefined;
  readonly exceptions: readonly FieldDescriptor[];
  readonly annotations: Annotations;
  readonly doc?: string;
}

export interface ServiceDescriptor {
  readonly name: string;
  /** Its own methods and those of the services it extends. */
  readonly methods: readonly MethodDescriptor[];
  readonly annotations: Annotations;
  readonly doc?: string;
}

export interface Schema {
  /** The services of the main file, in source order. */
  readonly services: readonly ServiceDescriptor[];
  readonly structs: readonly StructDescriptor[];
  readonly enums: readonly EnumDescriptor[];
}
