import type { Schema } from "@thriftgate/thrift";
import type { PatternSegment } from "../../snapshot/snapshot.ts";
import { pickService } from "./pick-service.ts";
import { parseRestPattern } from "./rest-pattern.ts";

/** A route as the IDL asks for it. */
export interface RestDraft {
  readonly method: string;
  /** In capitals. */
  readonly httpMethod: string;
  /** As it is written. */
  readonly text: string;
  readonly pattern: readonly PatternSegment[];
}

/** A route that can't be. */
export interface RestFault {
  readonly method: string;
  readonly httpMethod: string;
  readonly text: string;
  readonly fault: string;
}

const ANNOTATION = /^api\.(get|post|put|delete|patch|head|options)$/;

/** The routes that the methods of a service are annotated with. */
export function restDrafts(schema: Schema, serviceName: string): { drafts: RestDraft[]; faults: RestFault[] } {
  const drafts: RestDraft[] = [];
  const faults: RestFault[] = [];
  for (const { name: method, annotations } of pickService(schema, serviceName)?.methods ?? []) {
    for (const [name, text] of annotations) {
      const httpMethod = ANNOTATION.exec(name)?.[1]?.toUpperCase();
      if (httpMethod === undefined) continue;
      const parsed = parseRestPattern(text);
      if (parsed.ok) drafts.push({ method, httpMethod, text, pattern: parsed.pattern });
      else faults.push({ method, httpMethod, text, fault: parsed.fault });
    }
  }
  return { drafts, faults };
}

/** The same for two patterns that match the same paths. */
export function shapeOf(pattern: readonly PatternSegment[]): string {
  return pattern
    .map((segment) => (segment.kind === "literal" ? `/${segment.text}` : segment.kind === "parameter" ? "/:" : "/*"))
    .join("");
}
