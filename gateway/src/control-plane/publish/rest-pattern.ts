import type { PatternSegment } from "../../snapshot/snapshot.ts";
import { isReservedName } from "../reserved-names.ts";

const MAX_PATTERN_LENGTH = 512;
/** Each may be tried as a literal and as a parameter. */
const MAX_SEGMENTS = 16;

/** What a target may hold without being escaped, but for what has a meaning here (`:`, `*`). */
const LITERAL = /^[A-Za-z0-9_.~!$&'()+,=@-]+$/;
const DOT_SEGMENT = /^\.{1,2}$/;
const PARAMETER = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;

export type ParsedPattern =
  | { readonly ok: true; readonly pattern: PatternSegment[] }
  | { readonly ok: false; readonly fault: string };

/** `/v1/assets/:id`, `/files/*path` → its segments, or what is wrong with it. */
export function parseRestPattern(text: string): ParsedPattern {
  const refused = (fault: string) => ({ ok: false, fault }) as const;
  if (text.length > MAX_PATTERN_LENGTH) return refused(`it may have ${MAX_PATTERN_LENGTH} characters at most`);
  if (!text.startsWith("/")) return refused("it must begin with a slash");
  const parts = text.slice(1).split("/");
  if (parts.length > MAX_SEGMENTS) return refused(`it may have ${MAX_SEGMENTS} segments at most`);
  const pattern: PatternSegment[] = [];
  const names = new Set<string>();
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    if (!part.startsWith(":") && !part.startsWith("*")) {
      // A slash at the end makes another path, as it does everywhere.
      if (part === "" && isLast && index > 0) pattern.push({ kind: "literal", text: "" });
      else if (!LITERAL.test(part) || DOT_SEGMENT.test(part)) {
        return refused("a segment is made of letters, digits and -._~!$&'()+,=@, or is :name, or *name at the end");
      } else pattern.push({ kind: "literal", text: part });
      continue;
    }
    const name = part.slice(1);
    if (index === 0) return refused("the first segment must be literal");
    if (part.startsWith("*") && !isLast) return refused("*name stands at the end, since it takes the rest");
    if (!PARAMETER.test(name))
      return refused("a parameter's name begins with a letter or _, and goes on with letters, digits and _.-");
    if (names.has(name)) return refused(`two parameters are named ${name}`);
    names.add(name);
    pattern.push({ kind: part.startsWith(":") ? "parameter" : "rest", name });
  }
  const [first] = pattern;
  if (first?.kind === "literal" && isReservedName(first.text)) return refused("its first segment is the gateway's own");
  return { ok: true, pattern };
}
