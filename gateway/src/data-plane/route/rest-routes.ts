import type { RestRoute, Route, ServiceEntry, Snapshot } from "../../snapshot/snapshot.ts";
import { RouteTree } from "./route-tree.ts";

const HTTP_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** A request's route that the IDL asked for. */
export interface RestMatch {
  readonly entry: ServiceEntry;
  readonly route: Route;
  /** What the path says of each parameter. */
  readonly parameters: ReadonlyMap<string, string>;
}

interface AddedRoute {
  readonly service: string;
  readonly rest: RestRoute;
  /** Of its parameters. */
  readonly names: readonly string[];
}

/** The routes of all services that their IDL asked for, kept in step with what is published. */
export class RestRoutes {
  readonly #snapshot: Pick<Snapshot, "entry">;
  readonly #tree = new RouteTree<AddedRoute>();
  readonly #added = new Map<string, { readonly of: readonly RestRoute[]; readonly remove: () => void }>();

  constructor(snapshot: Pick<Snapshot, "entry" | "names" | "onPublish">) {
    this.#snapshot = snapshot;
    for (const name of snapshot.names()) this.#follow(name, snapshot.entry(name));
    snapshot.onPublish((changes) => {
      for (const [name, entry] of changes) this.#follow(name, entry);
    });
  }

  /** `undefined`: there is none of this HTTP method. */
  match(httpMethod: string, path: string): RestMatch | undefined {
    if (this.#added.size === 0) return undefined;
    const segments = segmentsOf(path);
    const found =
      this.#tree.match(httpMethod, segments) ?? (httpMethod === "HEAD" ? this.#tree.match("GET", segments) : undefined);
    if (found === undefined) return undefined;
    const { service, rest, names } = found.value;
    const parameters = new Map<string, string>();
    for (let i = 0; i < names.length; i++) parameters.set(names[i]!, found.parameters[i]!);
    return { entry: this.#snapshot.entry(service)!, route: rest.route, parameters };
  }

  /** The HTTP methods that a path has, as the header Allow says it; `undefined`: no route has the path. */
  allow(path: string): string | undefined {
    const methods = this.#tree.methods(segmentsOf(path));
    if (methods.size === 0) return undefined;
    return HTTP_METHODS.filter(
      (method) => methods.has(method) || method === "OPTIONS" || (method === "HEAD" && methods.has("GET")),
    ).join(", ");
  }

  /** An entry is published again whenever its instances change: its routes are the same array then. */
  #follow(service: string, entry: ServiceEntry | undefined): void {
    const known = this.#added.get(service);
    const routes = entry?.rest ?? [];
    if (known?.of === routes || (known === undefined && routes.length === 0)) return;
    known?.remove();
    this.#added.delete(service);
    if (routes.length === 0) return;
    const added = routes.map((rest) => ({
      service,
      rest,
      names: rest.pattern.flatMap((segment) => (segment.kind === "literal" ? [] : [segment.name])),
    }));
    for (const value of added) this.#tree.add(value.rest.httpMethod, value.rest.pattern, value);
    const remove = () => {
      for (const value of added) this.#tree.remove(value.rest.httpMethod, value.rest.pattern, value);
    };
    this.#added.set(service, { of: routes, remove });
  }
}

function segmentsOf(path: string): readonly string[] {
  return path.slice(1).split("/");
}
