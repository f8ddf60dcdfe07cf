import { bindingsOf, type Schema } from "@thriftgate/thrift";
import { GatewayError } from "../../core/errors.ts";
import { quote } from "../fields.ts";
import { pickService } from "../publish/pick-service.ts";
import { type RestDraft, restDrafts, shapeOf } from "../publish/rest-drafts.ts";
import { idlPointer, type RequestedService } from "./registration.ts";

const MAX_ROUTES_PER_SERVICE = 10_000;

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

/** Answers have them by themselves; another value would break the message, or the connection. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-request-id",
]);

/**
 * The routes that a service's IDL asks for, once its annotations were checked.
 * @throws {GatewayError} INVALID_ROUTE, INVALID_ANNOTATION
 */
export function checkHttp(service: RequestedService, schema: Schema): readonly RestDraft[] {
  const { drafts, faults } = restDrafts(schema, service.name);
  const [first] = faults;
  if (first) throw invalid(service, "INVALID_ROUTE", first.method, `${shown(first)} is refused: ${first.fault}.`);
  if (drafts.length > MAX_ROUTES_PER_SERVICE) {
    throw invalid(service, "INVALID_ROUTE", undefined, `A service may have ${MAX_ROUTES_PER_SERVICE} routes at most.`);
  }
  for (const method of pickService(schema, service.name)?.methods ?? []) {
    const { sources, targets } = bindingsOf(schema, method);
    const wanted = [...sources.flatMap((field) => field.sources), ...targets.map(({ target }) => target)];
    for (const place of wanted) {
      if ((place.kind !== "header" && place.kind !== "cookie") || TOKEN.test(place.name)) continue;
      throw invalid(service, "INVALID_ANNOTATION", method.name, `${quote(place.name)} can't be the name of a ${place.kind}.`);
    }
    for (const { target } of targets) {
      if (target.kind !== "header" || !OWN_HEADERS.has(target.name.toLowerCase())) continue;
      throw invalid(service, "INVALID_ANNOTATION", method.name, `The header ${quote(target.name)} is the gateway's own to set.`);
    }
  }
  return drafts;
}

/**
 * No two routes of an owner match the same paths with the same HTTP method.
 * @throws {GatewayError} INVALID_ROUTE, which names both
 */
export function assertRoutesDiffer(services: readonly (readonly [RequestedService, readonly RestDraft[]])[]): void {
  const holders = new Map<string, string>();
  for (const [{ name, definition }] of services) {
    for (const { methodPath, exposedMethod } of definition.paths) {
      for (const method of ["GET", "POST"])
        holders.set(`${method} /${name}/${methodPath}`, `the path ${methodPath} of ${name}.${exposedMethod}`);
    }
  }
  for (const [service, drafts] of services) {
    for (const draft of drafts) {
      const key = `${draft.httpMethod} ${shapeOf(draft.pattern)}`;
      const holder = holders.get(key);
      if (holder !== undefined) {
        throw invalid(
          service,
          "INVALID_ROUTE",
          draft.method,
          `${shown(draft)} of ${service.name}.${draft.method} matches the same as ${holder}.`,
        );
      }
      holders.set(key, `${shown(draft)} of ${service.name}.${draft.method}`);
    }
  }
}

function shown({ annotation, text }: Pick<RestDraft, "annotation" | "text">): string {
  return `${annotation}=${quote(text)}`;
}

function invalid(
  service: RequestedService,
  code: "INVALID_ROUTE" | "INVALID_ANNOTATION",
  method: string | undefined,
  detail: string,
): GatewayError {
  return new GatewayError(code, detail, {
    members: {
      pointer: idlPointer(service, service.definition.mainFile),
      service: service.name,
      ...(method !== undefined && { method }),
    },
  });
}
