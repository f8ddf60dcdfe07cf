import type { IdlFault, Schema } from "@thriftgate/thrift";
import { GatewayError } from "../../core/errors.ts";
import { nearestNames } from "../../core/nearest-names.ts";
import { pointerPart, quote } from "../fields.ts";
import type { Linker } from "../publish/linker.ts";
import { pickService } from "../publish/pick-service.ts";
import type { LinkedService } from "../publish/publisher.ts";
import { unboundPaths } from "../publish/routes.ts";
import { assertRoutesDiffer, checkHttp } from "./check-http.ts";
import { serviceDeclaration } from "./idl-scan.ts";
import { idlPointer, type RequestedService } from "./registration.ts";
import { invalidOption } from "./service-options.ts";

/**
 * Links the IDL of every service and binds its paths, before anything is stored.
 * @throws {GatewayError} IDL_SYNTAX … with every fault of the first service that has any; INVALID_ROUTE, INVALID_OPTION, INVALID_ANNOTATION
 */
export async function linkServices(linker: Linker, services: readonly RequestedService[]): Promise<Map<string, LinkedService>> {
  const linked = new Map<string, LinkedService>();
  for (const service of services) {
    const { name, definition } = service;
    const result = await linker.link(definition.idlFiles, definition.mainFile);
    if (!result.ok) throw idlRefused(service, result.faults);
    assertBound(service, result.schema);
    assertMethodsKnown(service, result.schema);
    linked.set(name, { definition, schema: result.schema, rest: checkHttp(service, result.schema) });
  }
  assertRoutesDiffer(services.map((service) => [service, linked.get(service.name)?.rest ?? []]));
  return linked;
}

function idlRefused(service: RequestedService, faults: readonly IdlFault[]): GatewayError {
  const [first] = faults;
  if (!first) return new GatewayError("INTERNAL", "Linking the IDL failed.");
  const { code, file, line, column, message } = first;
  return new GatewayError(code, message, {
    members: { pointer: idlPointer(service, file), service: service.name, line, column, faults },
  });
}

const HTTP_VERBS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"]);

function assertBound(service: RequestedService, schema: Schema): void {
  const { name, pointer, definition } = service;
  const [unbound] = unboundPaths(schema, name, definition.paths);
  if (!unbound) return;
  const { index, exposedMethod } = unbound;
  const idlService = pickService(schema, name);
  const methods = idlService?.methods.map((method) => method.name) ?? [];
  const { methodPath } = definition.paths[index]!;
  const mayBeSwapped = HTTP_VERBS.has(exposedMethod.toUpperCase()) || methods.includes(methodPath);
  const suggestions = nearestNames(exposedMethod, methods);
  const hint = mayBeSwapped
    ? "ExposedMethod is the method in the IDL, MethodPath the segment of the URL: were the two swapped?"
    : suggestions.length > 0
      ? `Did you mean ${suggestions.join(" or ")}?`
      : "";
  throw new GatewayError(
    "INVALID_ROUTE",
    `The service ${idlService?.name ?? name} has no method ${quote(exposedMethod)}. ${hint}`.trim(),
    {
      members: {
        pointer: `${pointer}/Paths/${index}/ExposedMethod`,
        service: name,
        method: exposedMethod,
        ...serviceDeclaration(definition.idlFiles[definition.mainFile] ?? "", idlService?.name ?? name),
        ...(suggestions.length > 0 && { suggestions }),
      },
    },
  );
}

function assertMethodsKnown({ name, pointer, definition: { options } }: RequestedService, schema: Schema): void {
  const methods = pickService(schema, name)?.methods.map((method) => method.name) ?? [];
  const unknown = Object.keys(options?.methods ?? {}).find((method) => !methods.includes(method));
  if (unknown === undefined) return;
  const place = `${pointer}/Options/methods/${pointerPart(unknown)}`;
  throw invalidOption(place, `The service has no method ${quote(unknown)}.`, nearestNames(unknown, methods));
}
