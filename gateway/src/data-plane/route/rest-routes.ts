import type { RestRoute, Route, ServiceEntry, Snapshot } from "../../snapshot/snapshot.ts";
import { type RouteLeaf, RouteTree } from "./route-tree.ts";

const HTTP_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** A request's route that the IDL asked for. */
export interface RestMatch {
  readonly entry: ServiceEntry;
  readonly route: Route;
  /** What the path says of each parameter. */
  readonly parameters: PathParameters;
}

/** They are few: a map takes longer to make than to look through them. */
class PathParameters {
  readonly #names: readonly string[];
  readonly #values: readonly string[];

  constructor(names: readonly string[], values: readonly string[]) {
    this.#names = names;
    this.#values = values;
  }

  get(name: string): string | undefined {
    return this.#values[this.#names.indexOf(name)];
  }
}

interface AddedRoute extends RouteLeaf<AddedRoute> {
  readonly service: string;
  readonly route: Route;
  /** Of its parameters: the same array for the same names, which stays in the processor's cache. */
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
    const found = this.#tree.match(httpMethod, path) ?? (httpMethod === "HEAD" ? this.#tree.match("GET", path) : undefined);
    if (found === undefined) return undefined;
    const { service, route, names } = found.leaf;
    return { entry: this.#snapshot.entry(service)!, route, parameters: new PathParameters(names, found.parameters) };
  }

  /** The HTTP methods that a path has, as the header Allow says it; `undefined`: no route has the path. */
  allow(path: string): string | undefined {
    const methods = this.#tree.methods(path);
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
    const namesByText = new Map<string, readonly string[]>();
    const added = routes.map(({ httpMethod, pattern, route }) => {
      const names = pattern.flatMap((segment) => (segment.kind === "literal" ? [] : [segment.name]));
      const text = names.join("/");
      if (!namesByText.has(text)) namesByText.set(text, names);
      const leaf: AddedRoute = { httpMethod, next: undefined, service, route, names: namesByText.get(text)! };
      this.#tree.add(pattern, leaf);
      return { pattern, leaf };
    });
    const remove = () => {
      for (const { pattern, leaf } of added) this.#tree.remove(pattern, leaf);
    };
    this.#added.set(service, { of: routes, remove });
  }
}
