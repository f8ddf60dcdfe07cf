import { GatewayError } from "../../core/errors.ts";
import type { PatternSegment } from "../../snapshot/snapshot.ts";
import type { Catalog } from "./catalog.ts";
import { PatternIndex } from "./pattern-index.ts";
import type { RestDraft } from "./rest-drafts.ts";

/** The paths of a service that wants to be served. */
interface ClaimedService {
  readonly rest: readonly Pick<RestDraft, "pattern">[];
}

/** Whose are the paths: no path can lead to services of two owners. */
export interface RestClaims {
  /**
   * Claims the paths of all services of an owner, until they are published or not: call what is returned then.
   * @throws {GatewayError} INVALID_ROUTE, which names both
   */
  take(ownerId: string, services: ReadonlyMap<string, ClaimedService>): () => void;
}

interface Claim {
  readonly ownerId: string;
  readonly service: string;
  readonly patterns: readonly (readonly PatternSegment[])[];
}

interface Path {
  readonly service: string;
  readonly pattern: readonly PatternSegment[];
}

export function createRestClaims(catalog: Pick<Catalog, "services">): RestClaims {
  /** Of changes under way. */
  const pending = new Set<readonly Claim[]>();

  return {
    take(ownerId, services) {
      const wanted = [...services].map(([service, { rest }]) => claimOf(ownerId, service, rest));
      const firsts = new Set(wanted.flatMap(({ service, patterns }) => [service, ...patterns.map(firstOf)]));
      const patterns = new PatternIndex<Path>();
      const names = new Map<string, Path>();
      for (const { service, patterns: theirs } of others(ownerId)) {
        if (firsts.has(service)) names.set(service, { service, pattern: ownPattern(service) });
        for (const pattern of theirs) if (firsts.has(firstOf(pattern))) patterns.add(pattern, { service, pattern });
      }
      for (const { service, patterns: ours } of wanted) {
        const taken = patterns.overlapping(ownPattern(service));
        if (taken) throw clash({ service, pattern: ownPattern(service) }, taken);
        for (const pattern of ours) {
          const other = names.get(firstOf(pattern)) ?? patterns.overlapping(pattern);
          if (other) throw clash({ service, pattern }, other);
        }
      }
      pending.add(wanted);
      return () => pending.delete(wanted);
    },
  };

  function* others(ownerId: string): Iterable<Claim> {
    for (const { name, ownerId: other, served } of catalog.services()) {
      if (other !== ownerId) yield claimOf(other, name, served?.rest ?? []);
    }
    for (const claims of pending) for (const claim of claims) if (claim.ownerId !== ownerId) yield claim;
  }
}

function claimOf(ownerId: string, service: string, rest: readonly { readonly pattern: readonly PatternSegment[] }[]): Claim {
  return { ownerId, service, patterns: rest.map(({ pattern }) => pattern) };
}

/** A service's own paths count as all that begin with its name. That two services have one name is the store's to refuse. */
function ownPattern(service: string): readonly PatternSegment[] {
  return [
    { kind: "literal", text: service },
    { kind: "rest", name: "path" },
  ];
}

function firstOf([first]: readonly PatternSegment[]): string {
  return first?.kind === "literal" ? first.text : "";
}

function patternText(pattern: readonly PatternSegment[]): string {
  return pattern
    .map((segment) =>
      segment.kind === "literal" ? `/${segment.text}` : `/${segment.kind === "rest" ? "*" : ":"}${segment.name}`,
    )
    .join("");
}

function clash(claim: Path, other: Path): GatewayError {
  return new GatewayError(
    "INVALID_ROUTE",
    `${patternText(claim.pattern)} of the service ${claim.service} and ${patternText(other.pattern)} of the service ${other.service}, which is another owner's, can match one path.`,
    { members: { service: claim.service } },
  );
}
