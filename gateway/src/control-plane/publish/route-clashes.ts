import { GatewayError } from "../../core/errors.ts";
import type { RestRoute } from "../../snapshot/snapshot.ts";
import type { CatalogService, LeftOutRoute, MutableCatalog, ServedRevision } from "./catalog.ts";
import { PatternIndex } from "./pattern-index.ts";

/** By route: the service of another owner that has it. */
type Verdict = ReadonlyMap<RestRoute, string>;

interface Kept {
  readonly ownerId: string;
  readonly service: string;
}

const nothingLeftOut: Verdict = new Map();

/**
 * Two gateways that take a registration each, at the same time, may let two owners have routes that can match one path. Which of them is served
 * follows from what is registered alone, never from the order in which a gateway learns of it: a service's own paths come first, then services in
 * the order of their names. What clashes with those is left out; all else of the service is served.
 */
export class RouteClashes {
  readonly #catalog: MutableCatalog;
  /** Names of services by the first segment of their routes, and the reverse. */
  readonly #holders = new Map<string, Set<string>>();
  readonly #segments = new Map<string, ReadonlySet<string>>();
  /** What a revision asks for, by what was made of it when something had to be left out. */
  readonly #whole = new WeakMap<ServedRevision, ServedRevision>();

  constructor(catalog: MutableCatalog) {
    this.#catalog = catalog;
  }

  /**
   * After services were set in the catalog or deleted from it. Sets those anew that are to be served with other routes than before, and
   * returns them; they may be others.
   */
  settle(changed: readonly string[]): readonly CatalogService[] {
    const touched = new Set(changed.flatMap((name) => [name, ...this.#register(name)]));
    const verdicts = new Map([...touched].map((segment) => [segment, this.#leftOutUnder(segment)]));
    const affected = new Set([...touched].flatMap((segment) => [...(this.#holders.get(segment) ?? [])]));
    return [...affected].toSorted(byName).flatMap((name) => this.#judge(this.#catalog.service(name)!, verdicts) ?? []);
  }

  /** The first segments that the service's routes had and have. */
  #register(name: string): ReadonlySet<string> {
    const before = this.#segments.get(name) ?? new Set();
    const after = new Set(this.#routesOf(this.#catalog.service(name)).map(firstOf));
    for (const segment of before) {
      const holders = this.#holders.get(segment)!;
      holders.delete(name);
      if (holders.size === 0) this.#holders.delete(segment);
    }
    for (const segment of after) this.#holders.set(segment, (this.#holders.get(segment) ?? new Set()).add(name));
    if (after.size === 0) this.#segments.delete(name);
    else this.#segments.set(name, after);
    return new Set([...before, ...after]);
  }

  #routesOf(service: CatalogService | undefined): readonly RestRoute[] {
    return service?.served === undefined ? [] : this.#wholeOf(service.served).rest;
  }

  #wholeOf(served: ServedRevision): ServedRevision {
    return this.#whole.get(served) ?? served;
  }

  #leftOutUnder(segment: string): Verdict {
    const services = [...(this.#holders.get(segment) ?? [])].toSorted(byName).map((name) => this.#catalog.service(name)!);
    const named = this.#catalog.service(segment);
    const firstOwner = (named ?? services[0])?.ownerId;
    if (services.every(({ ownerId }) => ownerId === firstOwner)) return nothingLeftOut;
    const kept = new PatternIndex<Kept>();
    const leftOut = new Map<RestRoute, string>();
    for (const service of services) {
      const { ownerId, name } = service;
      for (const route of this.#routesOf(service)) {
        if (firstOf(route) !== segment) continue;
        const holder = named !== undefined && named.ownerId !== ownerId ? named.name : holderIn(kept, route, ownerId);
        if (holder === undefined) kept.add(route.pattern, { ownerId, service: name });
        else leftOut.set(route, holder);
      }
    }
    return leftOut;
  }

  /** Routes under other segments stay as they were judged. */
  #judge(service: CatalogService, verdicts: ReadonlyMap<string, Verdict>): CatalogService | undefined {
    const served = service.served!;
    const whole = this.#wholeOf(served);
    const isKept = new Set(served.rest);
    const before = new Map(served.leftOut.map((left) => [left.route, left.holder]));
    const leftOut = whole.rest.flatMap((route): LeftOutRoute[] => {
      const verdict = verdicts.get(firstOf(route));
      const holder = verdict === undefined ? (isKept.has(route) ? undefined : before.get(route)) : verdict.get(route);
      return holder === undefined ? [] : [{ route, holder }];
    });
    if (leftOut.length === before.size && leftOut.every(({ route, holder }) => before.get(route) === holder)) return undefined;
    const settled = { ...service, served: leftOut.length === 0 ? whole : this.#without(whole, leftOut) };
    this.#catalog.setService(settled);
    return settled;
  }

  #without(whole: ServedRevision, leftOut: readonly LeftOutRoute[]): ServedRevision {
    const isLeftOut = new Set(leftOut.map(({ route }) => route));
    const keeps = (_: unknown, index: number) => !isLeftOut.has(whole.rest[index]!);
    const source = { ...whole.source, rest: whole.source.rest.filter(keeps) };
    const served = { ...whole, source, rest: whole.rest.filter(keeps), leftOut };
    this.#whole.set(served, whole);
    return served;
  }
}

function holderIn(kept: PatternIndex<Kept>, { pattern }: RestRoute, ownerId: string): string | undefined {
  try {
    return kept.overlapping(pattern, (other) => other.ownerId !== ownerId)?.service;
  } catch (error) {
    // Routes that are too many to be told apart are refused at registration; of those that came at the same time the later ones are left out.
    if (error instanceof GatewayError) return "";
    throw error;
  }
}

function firstOf({ pattern: [first] }: RestRoute): string {
  return first?.kind === "literal" ? first.text : "";
}

/** The same on every machine, whatever its language. */
function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}
