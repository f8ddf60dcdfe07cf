import { describeCycle, orderByDependency } from "../idl/dependency-order.ts";
import type { Constant, ConstantList, ConstantMap, ConstantStruct, TypeDescriptor } from "./descriptors.ts";
import type { Scope } from "./scope.ts";
import type { FieldDraft, StructDraft } from "./struct-drafts.ts";

/** Values that all defaults of one struct write when it is sent without a field. */
const MAX_EXPANSION = 100_000;
/** Text of a default that weighs as much as one value. */
const TEXT_PER_VALUE = 10;
/** Defaults that fill up constants of structs, all together: the edges of the graph that is searched. */
const MAX_FILLED = 100_000;

interface DefaultNode {
  readonly struct: StructDraft;
  readonly field: FieldDraft;
  readonly weight: number;
  /** The defaults that fill up the structs in this one, and how deep in it they do. */
  readonly filled: readonly { readonly node: number; readonly depth: number }[];
}

/**
 * A struct as a default is filled up with the defaults of its own fields when it is written, and those with theirs. That
 * must come to an end (`struct A {1: A a = {}}` does not), and soon: with two such fields a struct, it doubles with each.
 */
export function checkDefaultExpansion(scope: Scope, structs: readonly StructDraft[], maxNesting: number): void {
  const withDefault = structs.map((struct) => struct.fields.filter((field) => field.defaultValue !== undefined));
  const owners = withDefault.flatMap((fields, index) => fields.map((field) => ({ struct: structs[index]!, field })));
  const numbers = new Map(owners.map(({ field }, number) => [field, number]));
  let filledInAll = 0;
  const nodes = owners.map(({ struct, field }): DefaultNode => {
    const filled: { node: number; depth: number }[] = [];
    const weight = weigh(structs, field.defaultValue!, field.type!, 0, (index, named, depth) => {
      for (const other of withDefault[index]!) {
        if (named.has(other.id)) continue;
        filled.push({ node: numbers.get(other)!, depth });
        if (++filledInAll > MAX_FILLED) complainOfSize(scope, struct, field);
      }
    });
    return { struct, field, weight, filled };
  });
  const order = orderByDependency(
    nodes.length,
    (node) => nodes[node]!.filled.map((edge) => edge.node),
    (path) => {
      const { struct, field } = nodes[path[0]!]!;
      const cycle = describeCycle(path.map((node) => `${nodes[node]!.struct.name.text}.${nodes[node]!.field.node.name.text}`));
      scope.complain(struct.file, field.node.name.at, `writing this default would never end: ${cycle}`);
    },
  );
  checkSizes(scope, nodes, order, maxNesting);
}

function checkSizes(scope: Scope, nodes: readonly DefaultNode[], order: readonly number[], maxNesting: number): void {
  const weights = new Float64Array(nodes.length);
  const depths = new Uint32Array(nodes.length);
  const weightOfStruct = new Map<StructDraft, number>();
  for (const node of order) {
    const { struct, field, weight, filled } = nodes[node]!;
    let total = weight;
    for (const edge of filled) {
      total += weights[edge.node]!;
      depths[node] = Math.max(depths[node]!, edge.depth + depths[edge.node]!);
    }
    weights[node] = total;
    const ofStruct = (weightOfStruct.get(struct) ?? 0) + total;
    weightOfStruct.set(struct, ofStruct);
    if (ofStruct > MAX_EXPANSION) complainOfSize(scope, struct, field);
    if (depths[node]! > maxNesting) {
      const message = `a default of more than ${maxNesting} levels, the defaults in it written out`;
      scope.faults.add("IDL_LIMIT", scope.place(struct.file, field.node.name.at), message);
    }
  }
}

function complainOfSize(scope: Scope, struct: StructDraft, field: FieldDraft): void {
  const message = `defaults of more than ${MAX_EXPANSION} values, those in them written out`;
  scope.faults.add("IDL_LIMIT", scope.place(struct.file, field.node.name.at), message);
}

type OnStruct = (index: number, named: ReadonlySet<number>, depth: number) => void;

/** The weight of a value as it stands. Shows each struct in it that defaults fill up, the ids that it names, and its depth. */
function weigh(
  structs: readonly StructDraft[],
  value: Constant,
  type: TypeDescriptor,
  depth: number,
  onStruct: OnStruct,
): number {
  if (typeof value === "string" || value instanceof Uint8Array) return 1 + value.length / TEXT_PER_VALUE;
  if (typeof value !== "object") return 1;
  const weighPart = (part: Constant, partType: TypeDescriptor): number => weigh(structs, part, partType, depth + 1, onStruct);
  let weight = 1;
  if (type.kind === "list" || type.kind === "set") {
    for (const element of (value as ConstantList).elements) weight += weighPart(element, type.element);
  } else if (type.kind === "map") {
    for (const [key, part] of (value as ConstantMap).entries) weight += weighPart(key, type.key) + weighPart(part, type.value);
  } else if (type.kind === "struct") {
    const { kind, fieldsById } = structs[type.index]!;
    const { fields } = value as ConstantStruct;
    for (const [id, part] of fields) weight += weighPart(part, fieldsById.get(id)!.type!);
    if (kind !== "union") onStruct(type.index, new Set(fields.map(([id]) => id)), depth + 1);
  }
  return weight;
}
