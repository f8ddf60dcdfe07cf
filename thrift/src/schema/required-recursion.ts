import type { Scope } from "./scope.ts";
import type { FieldDraft, StructDraft } from "./struct-drafts.ts";

/**
 * Refuses what no value can be: a struct that requires, directly or through others, one of itself. Starts from what can be
 * built and goes on to what that makes possible: a struct when all that it requires can be, a union when one of its fields can be.
 */
export function checkRequiredRecursion(scope: Scope, structs: readonly StructDraft[]): void {
  const missing = new Uint32Array(structs.length);
  const dependents: number[][] = structs.map(() => []);
  structs.forEach((struct, index) => {
    const needed = struct.fields.filter((field) => isNeeded(struct, field));
    if (struct.kind === "union" && needed.length < struct.fields.length) return;
    missing[index] = struct.kind === "union" ? Math.min(1, needed.length) : needed.length;
    for (const field of needed) dependents[structOf(field)!]!.push(index);
  });
  const possible = structs.map((_, index) => index).filter((index) => missing[index] === 0);
  for (const index of possible) {
    for (const dependent of dependents[index]!) {
      if (missing[dependent]! > 0 && --missing[dependent]! === 0) possible.push(dependent);
    }
  }
  const reported = new Set<number>();
  for (let start = 0; start < structs.length; start++) {
    if (missing[start]! > 0 && !reported.has(start)) reportCycle(scope, structs, missing, start, reported);
  }
}

/** Each struct that cannot be built needs another one such: going from one to the next ends in a cycle. */
function reportCycle(
  scope: Scope,
  structs: readonly StructDraft[],
  missing: Uint32Array,
  start: number,
  reported: Set<number>,
): void {
  const path: number[] = [];
  let current = start;
  while (!reported.has(current)) {
    reported.add(current);
    path.push(current);
    const struct = structs[current]!;
    current = structOf(struct.fields.find((field) => isNeeded(struct, field) && missing[structOf(field)!]! > 0)!)!;
  }
  const begin = path.indexOf(current);
  if (begin < 0) return;
  const cycle = path.slice(begin);
  const { name, file } = structs[current]!;
  const names = [...cycle, current].map((index) => structs[index]!.name.text);
  scope.complain(file, name.at, `no '${name.text}' can ever be built, since it requires one of itself: ${names.join(" → ")}`);
}

function isNeeded(struct: StructDraft, field: FieldDraft): boolean {
  if (structOf(field) === undefined) return false;
  return struct.kind === "union" || (field.requiredness === "required" && field.node.value === undefined);
}

function structOf({ type }: FieldDraft): number | undefined {
  return type?.kind === "struct" ? type.index : undefined;
}
