import type { Annotations, ScalarKind, StructDescriptor } from "../schema/descriptors.ts";
import type { Source } from "./source.ts";

/** What the parser makes of one file. `at` is the offset of a node's first character. */
export interface Document {
  readonly source: Source;
  readonly includes: readonly { readonly path: string; readonly at: number }[];
  readonly definitions: readonly Definition[];
}

export type Definition = TypedefNode | EnumNode | StructNode | ServiceNode | ConstNode;

export interface NameNode {
  readonly text: string;
  readonly at: number;
}

export type TypeNode =
  | { readonly kind: "scalar"; readonly scalar: ScalarKind; readonly at: number }
  | { readonly kind: "name"; readonly name: string; readonly at: number }
  | { readonly kind: "list" | "set"; readonly element: TypeNode; readonly at: number }
  | { readonly kind: "map"; readonly key: TypeNode; readonly value: TypeNode; readonly at: number };

export type ValueNode =
  /** A bigint where a number would not be exact. */
  | { readonly kind: "integer"; readonly value: number | bigint; readonly at: number }
  | { readonly kind: "double"; readonly value: number; readonly at: number }
  | { readonly kind: "string"; readonly value: string; readonly at: number }
  | { readonly kind: "name"; readonly name: string; readonly at: number }
  | { readonly kind: "list"; readonly elements: readonly ValueNode[]; readonly at: number }
  | { readonly kind: "map"; readonly entries: readonly (readonly [key: ValueNode, value: ValueNode])[]; readonly at: number };

interface Documented {
  readonly annotations: Annotations;
  readonly doc: string | undefined;
}

export interface TypedefNode {
  readonly kind: "typedef";
  readonly name: NameNode;
  readonly type: TypeNode;
}

export interface EnumNode extends Documented {
  readonly kind: "enum";
  readonly name: NameNode;
  readonly members: readonly EnumMemberNode[];
}

export interface EnumMemberNode extends Documented {
  readonly name: NameNode;
  readonly value: { readonly value: number | bigint; readonly at: number } | undefined;
}

export interface ConstNode {
  readonly kind: "const";
  readonly name: NameNode;
  readonly type: TypeNode;
  readonly value: ValueNode;
}

export interface StructNode extends Documented {
  readonly kind: Exclude<StructDescriptor["kind"], "arguments">;
  readonly name: NameNode;
  readonly fields: readonly FieldNode[];
}

export interface FieldNode extends Documented {
  readonly id: { readonly value: number | bigint; readonly at: number } | undefined;
  readonly requiredness: "required" | "optional" | "default";
  readonly type: TypeNode;
  readonly name: NameNode;
  readonly value: ValueNode | undefined;
}

export interface ServiceNode extends Documented {
  readonly kind: "service";
  readonly name: NameNode;
  readonly extends: NameNode | undefined;
  readonly methods: readonly MethodNode[];
}

export interface MethodNode extends Documented {
  readonly name: NameNode;
  readonly oneway: boolean;
  /** `undefined`: void. */
  readonly result: TypeNode | undefined;
  readonly parameters: readonly FieldNode[];
  readonly exceptions: readonly FieldNode[];
}
