import type { FaultList } from "../idl/fault-list.ts";
import type { IdlLimits } from "../idl/limits.ts";
import type { LoadedFile } from "../idl/load-files.ts";
import { ConstantResolver } from "./constant-resolver.ts";
import { checkDefaultExpansion } from "./default-expansion.ts";
import type { MethodDescriptor, Schema, StructDescriptor } from "./descriptors.ts";
import { draftEnum } from "./enum-drafts.ts";
import { checkRequiredRecursion } from "./required-recursion.ts";
import { Scope } from "./scope.ts";
import { draftMethods, finishMethod, finishService, inheritMethods, type MethodDraft } from "./service-drafts.ts";
import { draftStruct, finishField, type StructDraft } from "./struct-drafts.ts";
import { TypeResolver } from "./type-resolver.ts";

/** Syntax trees to a schema, in the order of what needs what: names, types, values. Faults go to the list; without one, a schema. */
export function link(files: readonly LoadedFile[], faults: FaultList, limits: IdlLimits): Schema | undefined {
  const scope = new Scope(files, faults);
  const types = new TypeResolver(scope, limits.maxNesting);
  const enums = scope.enums.map((declared) => draftEnum(scope, declared));
  const structs = scope.structs.map(({ node, file }) => draftStruct(scope, types, node.kind, node.name, node.fields, file));
  const ownMethods = scope.services.map((service) => draftMethods(scope, types, structs, service));

  const values = new ConstantResolver(scope, structs, enums, limits.maxNesting);
  scope.constants.forEach(({ node, file }, index) => {
    values.checkConstant(index, types.resolve(node.type, file));
  });
  for (const struct of structs) resolveDefaults(struct, values);
  for (const { exceptions } of ownMethods.flat()) resolveDefaults(exceptions, values);
  for (const struct of structs) refuseSecondDefaultOfUnion(scope, struct);

  checkDefaultExpansion(scope, structs, limits.maxNesting);
  checkRequiredRecursion(scope, structs);
  const methods = inheritMethods(scope, ownMethods, limits.maxMethodsPerService);
  if (faults.faults.length > 0) return undefined;

  const finished = new Map<MethodDraft, MethodDescriptor>(ownMethods.flat().map((draft) => [draft, finishMethod(draft)]));
  return {
    services: scope.services.flatMap(({ node, file }, index) =>
      file === 0
        ? [
            finishService(
              node,
              methods[index]!.map((draft) => finished.get(draft)!),
            ),
          ]
        : [],
    ),
    structs: structs.map((draft, index) => finishStruct(draft, scope.structs[index]?.node)),
    enums: enums.map((draft) => draft.descriptor),
  };
}

function resolveDefaults(struct: StructDraft, values: ConstantResolver): void {
  for (const field of struct.fields) {
    if (field.node.value !== undefined && field.type !== undefined) {
      field.defaultValue = values.resolve(field.node.value, field.type, struct.file);
    }
  }
}

function refuseSecondDefaultOfUnion(scope: Scope, { kind, fields, file, name }: StructDraft): void {
  const second = kind === "union" ? fields.filter((field) => field.node.value !== undefined)[1] : undefined;
  if (second !== undefined)
    scope.complain(file, second.node.name.at, `only one field of the union '${name.text}' may have a default`);
}

function finishStruct(
  { kind, name, fields }: StructDraft,
  node: Pick<StructDescriptor, "annotations"> & { readonly doc: string | undefined } = { annotations: [], doc: undefined },
): StructDescriptor {
  const doc = node.doc !== undefined && { doc: node.doc };
  return { name: name.text, kind, fields: fields.map(finishField), annotations: node.annotations, ...doc };
}
