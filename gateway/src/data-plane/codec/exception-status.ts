import type { Annotations, MethodDescriptor, Schema } from "@thriftgate/thrift";
import { errorStatus } from "../../core/errors.ts";

const annotation = "api.http_code";

/** The status of a declared exception: from its place in `throws`, else from its type, else 422. */
export function exceptionStatus(schema: Schema, method: MethodDescriptor, fieldId: number): number {
  const field = method.exceptions.find(({ id }) => id === fieldId);
  if (field === undefined) return errorStatus.EXCEPTION;
  const declared = field.type.kind === "struct" ? schema.structs[field.type.index]?.annotations : undefined;
  return statusOf(field.annotations) ?? statusOf(declared) ?? errorStatus.EXCEPTION;
}

/** Only statuses of errors: a problem with any other would contradict itself. */
function statusOf(annotations: Annotations | undefined): number | undefined {
  const text = annotations?.findLast(([name]) => name === annotation)?.[1];
  return text !== undefined && /^[45][0-9]{2}$/.test(text) ? Number(text) : undefined;
}
