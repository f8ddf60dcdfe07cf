import { parseTarget, wholePath } from "../../../gateway/dist/data-plane/route/parse-target.js";
import type { Part } from "../part.ts";
import { manyRoutes } from "../routing/many-routes.ts";
import { nanosecondsOf } from "../run/cpu-time.ts";

export interface RoutingFigures {
  /** Of CPU time for a request, by the number of routes. */
  readonly nanoseconds: Readonly<Record<string, number>>;
}

const few = 10;
const many = 10_000;

/** So many requests at a time that each of ten thousand routes has its turn. A target is made from bytes each time, as node:http does. */
function matchAll(count: number): () => unknown {
  const { routes, requests } = manyRoutes(count);
  const turn = Array.from({ length: many }, (_, index) => requests[index % count]!);
  const bytes = Buffer.from(turn.map(({ path }) => path).join(""));
  const ends = turn.map(({ path }) => path.length);
  const httpMethods = turn.map(({ httpMethod }) => httpMethod);
  return () => {
    let found: unknown;
    let start = 0;
    for (let i = 0; i < many; i++) {
      const end = start + ends[i]!;
      const url = bytes.toString("latin1", start, end);
      found = routes.match(httpMethods[i]!, wholePath(parseTarget(url), url));
      start = end;
    }
    return found;
  };
}

export const routing: Part = {
  about: "finding the route of a REST request among ten thousand, against ten",
  async run({ quick }) {
    const runs = [few, many].map((count) => [count, matchAll(count)] as const);
    const best = new Map<number, number>();
    for (let round = 0; round < (quick ? 1 : 10); round++) {
      for (const [count, run] of runs) {
        best.set(count, Math.min(best.get(count) ?? Number.POSITIVE_INFINITY, nanosecondsOf(run, quick ? 100 : 300) / many));
      }
    }
    const figures: RoutingFigures = { nanoseconds: Object.fromEntries(best) };
    return {
      figures,
      lines: [
        ...[...best].map(([count, ns]) => `${count} routes: ${ns.toFixed(0)} ns a request`),
        `${routingRatio(figures).toFixed(2)} times as long`,
      ],
    };
  },
};

export function routingRatio({ nanoseconds }: RoutingFigures): number {
  return nanoseconds[many]! / nanoseconds[few]!;
}
