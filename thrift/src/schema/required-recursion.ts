import { describeCycle, orderByDependency } from "../idl/dependency-order.ts";
import type { Scope } from "./scope.ts";
import type { FieldDraft, StructDraft } from "./struct-drafts.ts";

/** Refuses what no value can ever be: a struct that requires, itself or through others, one of its own kind. */
export function checkRequiredRecursion(scope: Scope, structs: readonly StructDraft[]): void {
  orderByDependency(
    structs.length,
    (index) => structs[index]!.mandatory.map(structOf).filter((required) => required !== undefined),
    (path) => {
      const { name, file, mandatory } = structs[path[0]!]!;
      const field = mandatory.find((candidate) => structOf(candidate) === (path[1] ?? path[0]))!;
      const cycle = describeCycle(path.map((index) => structs[index]!.name.text));
      const message = `no '${name.text}' can ever be built, since it requires one of itself: ${cycle}`;
      scope.complain(file, field.node.name.at, message);
    },
  );
}

function structOf({ type }: FieldDraft): number | undefined {
  return type?.kind === "struct" ? type.index : undefined;
}
