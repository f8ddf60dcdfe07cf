import { RestRoutes } from "../../../gateway/dist/data-plane/route/rest-routes.js";
import type { PatternSegment, RestRoute, ServiceEntry } from "../../../gateway/dist/snapshot/snapshot.js";

/** Shapes of an API of resources: of one and of several segments, with parameters and without. */
const shapes: readonly ((resource: string) => readonly [httpMethod: string, pattern: string])[] = [
  (resource) => ["GET", `/v1/${resource}`],
  (resource) => ["POST", `/v1/${resource}`],
  (resource) => ["GET", `/v1/${resource}/:id`],
  (resource) => ["PUT", `/v1/${resource}/:id`],
  (resource) => ["GET", `/v1/${resource}/:id/history`],
  (resource) => ["GET", `/v1/${resource}/:id/parts/:part`],
  (resource) => ["POST", `/v1/${resource}/:id/parts`],
  (resource) => ["DELETE", `/v1/${resource}/:id/parts/:part`],
  (resource) => ["GET", `/v1/${resource}/search/recent`],
  (resource) => ["GET", `/files/${resource}/*path`],
];

interface Request {
  readonly httpMethod: string;
  readonly path: string;
}

export interface ManyRoutes {
  readonly routes: RestRoutes;
  /** One for each route, in no order. */
  readonly requests: readonly Request[];
}

/** This many routes, a multiple of ten. */
export function manyRoutes(count: number): ManyRoutes {
  const wanted = Array.from({ length: count }, (_, index) => shapes[index % 10]!(`resources${Math.floor(index / 10)}`));
  const rest = wanted.map(([httpMethod, text]): RestRoute => {
    const route = { path: text } as RestRoute["route"];
    return { httpMethod, pattern: segmentsOf(text), route };
  });
  const entry = { name: "Bench", rest } as unknown as ServiceEntry;
  const routes = new RestRoutes({ entry: () => entry, names: () => ["Bench"], onPublish: () => () => {} });
  const requests = wanted.map(([httpMethod, text], index) => ({
    httpMethod,
    path: text.replace(/[:*](?:id|part|path)/g, () => `${(index * 7919) % 100_003}`),
  }));
  for (const [index, { httpMethod, path }] of requests.entries()) {
    if (routes.match(httpMethod, path)?.route.path !== wanted[index]![1]) throw new Error(`${path}: a wrong answer`);
  }
  return { routes, requests: shuffled(requests) };
}

function segmentsOf(pattern: string): PatternSegment[] {
  return pattern
    .slice(1)
    .split("/")
    .map((part) => {
      if (part.startsWith(":")) return { kind: "parameter", name: part.slice(1) };
      return part.startsWith("*") ? { kind: "rest", name: part.slice(1) } : { kind: "literal", text: part };
    });
}

/** The same order each time. */
function shuffled<Element>(elements: readonly Element[]): Element[] {
  const result = [...elements];
  let seed = 1;
  for (let i = result.length - 1; i > 0; i--) {
    seed = (seed * 48_271) % 2_147_483_647;
    const j = seed % (i + 1);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}
