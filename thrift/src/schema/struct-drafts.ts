import type { FieldNode, NameNode } from "../idl/syntax-tree.ts";
import { mappingOf } from "../json/field-mapping.ts";
import type { Constant, FieldDescriptor, StructDescriptor, TypeDescriptor } from "./descriptors.ts";
import type { Scope } from "./scope.ts";
import type { TypeResolver } from "./type-resolver.ts";

const MAX_FIELD_ID = 32_767;
const MIN_FIELD_ID = -32_768;

/** A field whose type is known, or was reported and is `undefined`. Its default is resolved when all types are. */
export interface FieldDraft {
  readonly node: FieldNode;
  readonly id: number;
  readonly type: TypeDescriptor | undefined;
  readonly requiredness: FieldDescriptor["requiredness"];
  defaultValue: Constant | undefined;
}

export interface StructDraft {
  readonly kind: StructDescriptor["kind"];
  readonly name: NameNode;
  readonly file: number;
  readonly fields: readonly FieldDraft[];
  readonly fieldsByName: ReadonlyMap<string, FieldDraft>;
  readonly fieldsById: ReadonlyMap<number, FieldDraft>;
  /** Those that a constant has to name: required, and without a default. */
  readonly mandatory: readonly FieldDraft[];
}

/** What the fields are the fields of: that decides what `required` and `optional` mean. */
type Owner = StructDescriptor["kind"] | "throws";

export function draftStruct(
  scope: Scope,
  types: TypeResolver,
  owner: Owner,
  name: NameNode,
  nodes: readonly FieldNode[],
  file: number,
): StructDraft {
  const fieldsByName = new Map<string, FieldDraft>();
  const fieldsById = new Map<number, FieldDraft>();
  const fields: FieldDraft[] = [];
  let implicitId = -1;
  for (const node of nodes) {
    const fieldName = node.name.text;
    let id: number;
    if (node.id === undefined) {
      id = implicitId--;
      const message = `'${fieldName}' has no id and gets ${id}, which another order of the fields would change`;
      scope.faults.warn("IDL_SEMANTIC", scope.place(file, node.name.at), message);
      if (id < MIN_FIELD_ID) {
        scope.faults.add("IDL_LIMIT", scope.place(file, node.name.at), `more than ${-MIN_FIELD_ID} fields without an id`);
      }
    } else {
      id = Number(node.id.value);
      if (id <= 0) scope.complain(file, node.id.at, `a field's id is 1 or more, found ${id}`);
      else if (id > MAX_FIELD_ID) scope.complain(file, node.id.at, `a field's id is at most ${MAX_FIELD_ID}, found ${id}`);
    }
    const field: FieldDraft = {
      node,
      id,
      type: types.resolve(node.type, file),
      requiredness: requirednessIn(scope, owner, node, file),
      defaultValue: undefined,
    };
    const holder = fieldsById.get(id);
    if (holder === undefined) fieldsById.set(id, field);
    else scope.complain(file, node.id?.at ?? node.name.at, `the id ${id} is already that of '${holder.node.name.text}'`);
    if (fieldsByName.has(fieldName)) scope.complain(file, node.name.at, `there is already a field named '${fieldName}'`);
    else fieldsByName.set(fieldName, field);
    fields.push(field);
  }
  assertJsonNamesDiffer(scope, fields, file);
  const mandatory = fields.filter((field) => field.requiredness === "required" && field.node.value === undefined);
  return { kind: owner === "throws" ? "arguments" : owner, name, file, fields, fieldsByName, fieldsById, mandatory };
}

/** Annotations may name two fields alike, which the field's own names can't be. */
function assertJsonNamesDiffer(scope: Scope, fields: readonly FieldDraft[], file: number): void {
  if (!fields.some(({ node }) => node.annotations.length > 0)) return;
  const holders = new Map<string, string>();
  for (const { node } of fields) {
    const field = { name: node.name.text, annotations: node.annotations };
    const { jsonName, inRequests, inReplies } = mappingOf(field);
    if (!inRequests && !inReplies) continue;
    const holder = holders.get(jsonName);
    if (holder === undefined) holders.set(jsonName, field.name);
    else if (holder !== field.name) {
      scope.complain(file, node.name.at, `'${field.name}' has the same JSON name as '${holder}': "${jsonName}"`);
    }
  }
}

export function finishField({ node, id, type, requiredness, defaultValue }: FieldDraft): FieldDescriptor {
  return {
    id,
    name: node.name.text,
    type: type!,
    requiredness,
    ...(defaultValue !== undefined && { defaultValue }),
    annotations: node.annotations,
    ...(node.doc !== undefined && { doc: node.doc }),
  };
}

function requirednessIn(scope: Scope, owner: Owner, node: FieldNode, file: number): FieldDescriptor["requiredness"] {
  const warn = (message: string): void => scope.faults.warn("IDL_SEMANTIC", scope.place(file, node.name.at), message);
  switch (owner) {
    case "union":
      if (node.requiredness === "required") warn(`'required' has no effect in a union; '${node.name.text}' is optional`);
      return "optional";
    case "arguments":
    case "throws":
      if (node.requiredness === "optional") warn(`'optional' has no effect in a method; '${node.name.text}' is not affected`);
      return node.requiredness === "optional" || owner === "throws" ? "default" : node.requiredness;
    default:
      return node.requiredness;
  }
}
