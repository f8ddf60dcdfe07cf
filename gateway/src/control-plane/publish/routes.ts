import type { CodecOptions, Schema } from "@thriftgate/thrift";
import type { RoutesSource } from "../../snapshot/bind-routes.ts";
import type { CallOptions } from "../../snapshot/snapshot.ts";
import type { ServiceDefinition, ServiceOptions } from "../store/store.ts";
import { pickService } from "./pick-service.ts";
import { restDrafts } from "./rest-drafts.ts";

export interface RouteOptions {
  readonly codec: Partial<CodecOptions>;
  readonly call: CallOptions;
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
export function routesSource(
  schema: Schema,
  serviceName: string,
  { paths, options: own = {} }: Pick<ServiceDefinition, "paths" | "options">,
  options: RouteOptions,
): RoutesSource {
  const to = (path: string, method: string) => ({ path, method, options: callOptions(options.call, own, method) });
  return {
    idlService: pickService(schema, serviceName)?.name ?? serviceName,
    codec: codecOptions(options.codec, own),
    routes: paths.map(({ methodPath, exposedMethod }) => to(methodPath, exposedMethod)),
    rest: restDrafts(schema, serviceName).drafts.map(({ httpMethod, text, pattern, method }) => ({
      ...to(text, method),
      httpMethod,
      pattern,
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
