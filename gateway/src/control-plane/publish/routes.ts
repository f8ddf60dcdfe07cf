import { type CodecOptions, createServiceCodec, type MethodCodec, type Schema, type ServiceCodec } from "@thriftgate/thrift";
import type { CallOptions, RestRoute, Route } from "../../snapshot/snapshot.ts";
import type { ServiceDefinition, ServiceOptions } from "../store/store.ts";
import { pickService } from "./pick-service.ts";
import { restDrafts } from "./rest-drafts.ts";

export interface RouteOptions {
  readonly codec: Partial<CodecOptions>;
  readonly call: CallOptions;
}

/** A route whose codec is compiled at its first call: most routes of most services are never called. */
class LazyRoute implements Route {
  readonly path: string;
  readonly options: CallOptions;
  readonly #compile: () => MethodCodec;
  #codec: MethodCodec | undefined;

  constructor(path: string, options: CallOptions, compile: () => MethodCodec) {
    this.path = path;
    this.options = options;
    this.#compile = compile;
  }

  get codec(): MethodCodec {
    this.#codec ??= this.#compile();
    return this.#codec;
  }
}

/** A path of a service that is bound to no method of its IDL. */
export interface UnboundPath {
  readonly index: number;
  readonly exposedMethod: string;
}

export function unboundPaths(schema: Schema, serviceName: string, paths: ServiceDefinition["paths"]): UnboundPath[] {
  const methods = new Set(pickService(schema, serviceName)?.methods.map(({ name }) => name));
  return paths.flatMap(({ exposedMethod }, index) => (methods.has(exposedMethod) ? [] : [{ index, exposedMethod }]));
}

/** Every path must be bound: {@link unboundPaths}. */
export function createRoutes(
  schema: Schema,
  serviceName: string,
  { paths, options: own = {} }: Pick<ServiceDefinition, "paths" | "options">,
  options: RouteOptions,
): { readonly routes: ReadonlyMap<string, Route>; readonly rest: readonly RestRoute[] } {
  const idlName = pickService(schema, serviceName)?.name ?? serviceName;
  let service: ServiceCodec | undefined;
  const compile = (method: string) => {
    service ??= createServiceCodec(schema, idlName, codecOptions(options.codec, own));
    const codec = service.method(method);
    if (!codec) throw new TypeError(`no method ${method} in ${idlName}`);
    return codec;
  };
  const routeTo = (path: string, method: string) =>
    new LazyRoute(path, callOptions(options.call, own, method), () => compile(method));
  return {
    routes: new Map(paths.map(({ methodPath, exposedMethod }) => [methodPath, routeTo(methodPath, exposedMethod)])),
    rest: restDrafts(schema, serviceName).drafts.map(({ httpMethod, text, pattern, method }) => ({
      httpMethod,
      pattern,
      route: routeTo(text, method),
    })),
  };
}

function codecOptions(
  base: Partial<CodecOptions>,
  { i64, enums, unknownFields, lenient }: ServiceOptions,
): Partial<CodecOptions> {
  return {
    ...base,
    ...(i64 && { i64 }),
    ...(enums && { enums }),
    ...(unknownFields && { unknownFields }),
    ...(lenient !== undefined && { lenient }),
  };
}

/** The method's word counts before the service's, and that before the gateway's. */
function callOptions(base: CallOptions, own: ServiceOptions, method: string): CallOptions {
  const { methods = {} } = own;
  const its = Object.hasOwn(methods, method) ? methods[method] : undefined;
  return {
    deadlineMs: its?.deadlineMs ?? own.deadlineMs ?? base.deadlineMs,
    idempotent: its?.idempotent ?? own.idempotent ?? base.idempotent,
  };
}
