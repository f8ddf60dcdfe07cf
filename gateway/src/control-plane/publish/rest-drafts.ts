import type { Schema } from "@thriftgate/thrift";
import type { PatternSegment } from "../../snapshot/snapshot.ts";
import { pickService } from "./pick-service.ts";
import { parseRestPattern } from "./rest-pattern.ts";

/** A route as the IDL asks for it. */
export interface RestDraft {
  readonly method: string;
  /** In capitals. */
  readonly httpMethod: string;
  /** Its name, as `api.get`. */
  readonly annotation: string;
  /** The path as it is written. */
  readonly text: string;
  readonly pattern: readonly PatternSegment[];
}

/** A route that can't be. */
export interface RestFault {
  readonly method: string;
  readonly annotation: string;
  readonly text: string;
  readonly fault: string;
}

/** HEAD is served as GET, OPTIONS by itself. */
const ANY = ["GET", "POST", "PUT", "DELETE", "PATCH"];
const ANNOTATION = /^api\.(get|post|put|delete|patch|head|options|any)$/;

/** The routes that the methods of a service are annotated with. */
export function restDrafts(schema: Schema, serviceName: string): { drafts: RestDraft[]; faults: RestFault[] } {
  const drafts: RestDraft[] = [];
  const faults: RestFault[] = [];
  for (const { name: method, annotations } of pickService(schema, serviceName)?.methods ?? []) {
    for (const [annotation, text] of annotations) {
      const kind = ANNOTATION.exec(annotation)?.[1];
      if (kind === undefined) continue;
      const parsed = parseRestPattern(text);
      if (!parsed.ok) faults.push({ method, annotation, text, fault: parsed.fault });
      else
        drafts.push(
          ...(kind === "any" ? ANY : [kind.toUpperCase()]).map((httpMethod) => ({
            method,
            httpMethod,
            annotation,
            text,
            pattern: parsed.pattern,
          })),
        );
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
