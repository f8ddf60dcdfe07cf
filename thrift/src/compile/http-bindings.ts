import { type FieldSource, type FieldTarget, fieldJsonName, mappingOf } from "../json/field-mapping.ts";
import type { FieldDescriptor, MethodDescriptor, Schema } from "../schema/descriptors.ts";
import { onlyStructParameter } from "./encode.ts";

export interface SourcedField {
  readonly field: FieldDescriptor;
  readonly jsonName: string;
  readonly sources: readonly FieldSource[];
}

export interface TargetedField {
  readonly field: FieldDescriptor;
  readonly jsonName: string;
  readonly target: FieldTarget;
}

/** The fields of a method that HTTP has elsewhere than in a JSON body. */
export interface HttpBindings {
  readonly sources: readonly SourcedField[];
  readonly targets: readonly TargetedField[];
}

/** Those of the only struct parameter, or the parameters; and those of the struct that is the result. Fields further inside are JSON's. */
export function bindingsOf(schema: Schema, method: MethodDescriptor): HttpBindings {
  const request = schema.structs[onlyStructParameter(schema, method)?.index ?? method.argumentsIndex]!;
  const reply = method.result?.kind === "struct" ? schema.structs[method.result.index]! : undefined;
  return {
    sources: request.fields.flatMap((field) => {
      const { sources, inRequests } = mappingOf(field);
      return sources.length > 0 && inRequests ? [{ field, jsonName: fieldJsonName(field), sources }] : [];
    }),
    targets: (reply?.kind === "struct" ? reply.fields : []).flatMap((field) => {
      const { target, inReplies } = mappingOf(field);
      return target !== undefined && inReplies ? [{ field, jsonName: fieldJsonName(field), target }] : [];
    }),
  };
}
