import type { EnumMemberNode, EnumNode } from "../idl/syntax-tree.ts";
import type { EnumDescriptor } from "./descriptors.ts";
import type { Declared, Scope } from "./scope.ts";

const MAX_VALUE = 2 ** 31 - 1;

export interface EnumDraft {
  readonly descriptor: EnumDescriptor;
  readonly valuesByName: ReadonlyMap<string, number>;
  /** Of members that share a value, the first. */
  readonly namesByValue: ReadonlyMap<number, string>;
}

export function draftEnum(scope: Scope, { node, file }: Declared<EnumNode>): EnumDraft {
  const valuesByName = new Map<string, number>();
  const namesByValue = new Map<number, string>();
  let previous = -1;
  const members = node.members.map((member) => {
    const name = member.name.text;
    const value = memberValue(scope, member, previous, file);
    previous = value;
    const alias = namesByValue.get(value);
    if (valuesByName.has(name)) scope.complain(file, member.name.at, `there is already a member named '${name}'`);
    else valuesByName.set(name, value);
    if (alias === undefined) namesByValue.set(value, name);
    else
      scope.faults.warn("IDL_SEMANTIC", scope.place(file, member.name.at), `'${name}' has the value ${value}, as '${alias}' has`);
    return { name, value, annotations: member.annotations, ...(member.doc !== undefined && { doc: member.doc }) };
  });
  const doc = node.doc !== undefined && { doc: node.doc };
  return { descriptor: { name: node.name.text, members, annotations: node.annotations, ...doc }, valuesByName, namesByValue };
}

function memberValue(scope: Scope, { name, value }: EnumMemberNode, previous: number, file: number): number {
  if (value === undefined) {
    if (previous === MAX_VALUE) scope.complain(file, name.at, `'${name.text}' comes after the largest value and has none left`);
    return previous + 1;
  }
  if (value.value > MAX_VALUE || value.value < -MAX_VALUE - 1) {
    scope.complain(file, value.at, `the value of a member has 32 bits, found ${value.value}`);
  }
  return Number(value.value);
}
