import type { Annotations, DecodedReply, MethodDescriptor, Schema } from "@thriftgate/thrift";
import { errorStatus, type Problem } from "../../core/errors.ts";
import type { ServiceEntry } from "../../snapshot/snapshot.ts";

const annotation = "api.http_code";

type DecodedException = Extract<DecodedReply, { kind: "exception" }>;

/** A declared exception, as the caller is told of it; its value stands beside. */
export function exceptionProblem(
  { name, schema }: ServiceEntry,
  method: MethodDescriptor,
  { fieldId, typeName }: DecodedException,
): Problem {
  return {
    code: "EXCEPTION",
    status: exceptionStatus(schema, method, fieldId),
    detail: `The service answered with its exception ${typeName}.`,
    members: { service: name, method: method.name, exception: typeName },
    headers: {},
  };
}

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
