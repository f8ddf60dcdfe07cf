import { type CodecOptions, createServiceCodec, type MethodCodec, type Schema, type ServiceCodec } from "@thriftgate/thrift";
import type { CallOptions, PatternSegment, RestRoute, Route } from "./snapshot.ts";

interface RouteSource {
  readonly path: string;
  /** Its name in the IDL. */
  readonly method: string;
  readonly options: CallOptions;
}

interface RestRouteSource extends RouteSource {
  readonly httpMethod: string;
  readonly pattern: readonly PatternSegment[];
}

/** What, with its schema, the routes of a service are made from: plain data, which other threads and processes can be sent. */
export interface RoutesSource {
  /** The service's name in the IDL. */
  readonly idlService: string;
  readonly codec: Partial<CodecOptions>;
  readonly routes: readonly RouteSource[];
  readonly rest: readonly RestRouteSource[];
}

export interface BoundRoutes {
  readonly schema: Schema;
  readonly source: RoutesSource;
  readonly routes: ReadonlyMap<string, Route>;
  readonly rest: readonly RestRoute[];
}

/** A route whose codec is compiled at its first call: most routes of most services are never called. */
class LazyRoute implements Route {
  readonly path: string;
  readonly options: CallOptions;
  readonly #compile: () => MethodCodec;
  #codec: MethodCodec | undefined;

  constructor({ path, options }: RouteSource, compile: () => MethodCodec) {
    this.path = path;
    this.options = options;
    this.#compile = compile;
  }

  get codec(): MethodCodec {
    this.#codec ??= this.#compile();
    return this.#codec;
  }
}

/** The methods must be there; the first call of one that is not throws. */
export function bindRoutes(schema: Schema, source: RoutesSource): BoundRoutes {
  const { idlService, codec: options, routes, rest } = source;
  let service: ServiceCodec | undefined;
  const compile = (method: string) => {
    service ??= createServiceCodec(schema, idlService, options);
    const codec = service.method(method);
    if (!codec) throw new TypeError(`no method ${method} in ${idlService}`);
    return codec;
  };
  const bound = (route: RouteSource) => new LazyRoute(route, () => compile(route.method));
  return {
    schema,
    source,
    routes: new Map(routes.map((route) => [route.path, bound(route)])),
    rest: rest.map((route) => ({ httpMethod: route.httpMethod, pattern: route.pattern, route: bound(route) })),
  };
}
