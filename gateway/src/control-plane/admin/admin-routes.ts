import { type NextFunction, type Request, type Response, Router } from "express";
import { GatewayError } from "../../core/errors.ts";
import type { ControlPlaneContext } from "../context.ts";
import { type Endpoint, type EndpointOptions, expressHandler } from "../endpoint.ts";
import { invalidField } from "../fields.ts";
import { serviceNotFound } from "../service-key.ts";
import { assertAdminKey, assertNoForeignPage } from "./access.ts";
import { pageOf, parsePage, parseQuery } from "./paging.ts";
import type { Readiness } from "./readiness.ts";
import { instanceView, type Observed, revisionView, serviceDetail, serviceSummary } from "./views.ts";

/** What `/metrics` shows: prom-client's registry. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/** What the data plane saw of these instances, in their order. */
export type ObserveInstances = (instanceIds: readonly string[]) => readonly Observed[] | Promise<readonly Observed[]>;

export interface AdminOptions {
  readonly context: ControlPlaneContext;
  readonly readiness: () => Promise<Readiness>;
  readonly metrics: MetricsSource | undefined;
  readonly observed: ObserveInstances;
}

/** The endpoints on the admin listener; all of them only read. */
export function createAdminRouter({ context, readiness, metrics, observed }: AdminOptions): Router {
  const { config, logger, publisher, store } = context;
  const router = Router({ caseSensitive: true });

  /** `access: "anyone"`: probes have no key, and learn nothing. */
  function mount(path: string, access: "anyone" | "admin", endpoint: Endpoint, options?: EndpointOptions): void {
    const guarded: Endpoint = (request, caller) => {
      assertNoForeignPage(request.headers, config.adminHost);
      if (access === "admin") assertAdminKey(request.headers, config.adminKey);
      if (request.method === "GET" || request.method === "HEAD") return endpoint(request, caller);
      throw new GatewayError("METHOD_NOT_ALLOWED", "Only GET, HEAD is served here.", { headers: { allow: "GET, HEAD" } });
    };
    router.all(path, noStore, expressHandler(guarded, logger, options));
  }

  mount("/live", "anyone", () => ({ body: { status: "ok" } }));

  const reports = new WeakMap<GatewayError, Readiness>();
  mount(
    "/ready",
    "anyone",
    async () => {
      const report = await readiness();
      if (report.store === "ok" && report.registry === "ok") return { body: report };
      const error =
        report.store === "ok"
          ? new GatewayError("REGISTRY_UNAVAILABLE", "The registry can't be used now.")
          : new GatewayError("STORE_UNAVAILABLE", "The store can't be used now.");
      reports.set(error, report);
      throw error;
    },
    { failure: (error) => reports.get(error) ?? {} },
  );

  mount("/metrics", "admin", async () => {
    if (!metrics) throw new GatewayError("NOT_FOUND", "There are no metrics.");
    return { body: await metrics.metrics(), headers: { "content-type": metrics.contentType } };
  });

  mount("/admin/v1/services", "admin", ({ originalUrl }) => {
    const page = parsePage(parseQuery(originalUrl, ["limit", "after"]));
    const { items, ...rest } = pageOf(publisher.catalog.services(), ({ name }) => name, page);
    return { body: { items: items.map((service) => serviceSummary(service, publisher.instances(service.name))), ...rest } };
  });

  mount("/admin/v1/services/:name", "admin", async ({ originalUrl, params }) => {
    parseQuery(originalUrl, []);
    const service = publisher.catalog.service(String(params.name));
    if (!service) throw serviceNotFound("/service");
    const instances = publisher.instances(service.name);
    return { body: serviceDetail(service, instances, await observed(instances.map(({ id }) => id))) };
  });

  mount("/admin/v1/instances", "admin", async ({ originalUrl }) => {
    const query = parseQuery(originalUrl, ["limit", "after", "service"]);
    const wanted = query.get("service");
    const tables = wanted === undefined ? publisher.allInstances() : [[wanted, publisher.instances(wanted)] as const];
    const all = [...tables].flatMap(([service, instances]) => instances.map((instance) => ({ service, instance })));
    const { items, ...rest } = pageOf(all, ({ instance }) => instance.id, parsePage(query));
    const seen = await observed(items.map(({ instance }) => instance.id));
    return {
      body: { items: items.map(({ service, instance }, index) => instanceView(service, instance, seen[index])), ...rest },
    };
  });

  mount("/admin/v1/revisions", "admin", async ({ originalUrl }) => {
    const query = parseQuery(originalUrl, ["limit", "after", "service"]);
    const { limit, after } = parsePage(query);
    const service = query.get("service");
    if (service === undefined) {
      const { items, ...rest } = pageOf(publisher.catalog.services(), ({ name }) => name, { limit, after });
      const current = await Promise.all(items.map(({ name, revision }) => store.serviceRevision(name, revision)));
      return { body: { items: current.filter((each) => each !== undefined).map(revisionView), ...rest } };
    }
    if (after !== undefined && !/^[0-9]{1,15}$/.test(after)) throw invalidField("/after", "after must be a revision.");
    const history = await store.history(service);
    if (history.length === 0) throw serviceNotFound("/service");
    const rest = history.filter(({ revision }) => revision > Number(after ?? 0));
    const items = rest.slice(0, limit).map(revisionView);
    return { body: { items, ...(rest.length > limit && { next: String(items.at(-1)!.revision) }) } };
  });

  mount("/admin{/*rest}", "admin", () => {
    throw new GatewayError("NOT_FOUND", "There is no such resource.");
  });

  return router;
}

function noStore(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader("cache-control", "no-store");
  response.setHeader("x-content-type-options", "nosniff");
  next();
}
