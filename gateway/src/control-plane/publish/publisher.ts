import type { IdlResult, Schema } from "@thriftgate/thrift";
import type { Clock } from "../../core/clock.ts";
import { GatewayError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { createTurns } from "../../core/turns.ts";
import { bindRoutes } from "../../snapshot/bind-routes.ts";
import type { Instance, ServiceEntry, Snapshot } from "../../snapshot/snapshot.ts";
import { PROXY_SERVICE } from "../proxy/proxy-idl.ts";
import type { InstanceRecord, Registry } from "../registry/registry.ts";
import type { OwnerHead, ServiceDefinition, ServiceRevision, Store, StoreResult } from "../store/store.ts";
import { type Catalog, type CatalogService, createCatalog, type ServedRevision, type ServiceFault } from "./catalog.ts";
import { type CatchUp, createCatchUp } from "./catch-up.ts";
import type { Linker } from "./linker.ts";
import { pickService } from "./pick-service.ts";
import { removedServices } from "./removed-services.ts";
import { createRestClaims, type RestClaims } from "./rest-claims.ts";
import type { RestDraft } from "./rest-drafts.ts";
import { RouteClashes } from "./route-clashes.ts";
import { type RouteOptions, routesSource, unboundPaths } from "./routes.ts";
import { createServiceInstances } from "./service-instances.ts";

/** A definition whose IDL was linked and whose paths are bound. */
export interface LinkedService {
  readonly definition: ServiceDefinition;
  readonly schema: Schema;
  readonly rest: readonly RestDraft[];
}

/** Turns what store and registry hold into what calls are served from. */
export interface Publisher {
  readonly catalog: Catalog;
  readonly claims: RestClaims;
  /** Loads and publishes everything, in one turn, and keeps watching. */
  open(): Promise<void>;
  /**
   * Runs `write`, a change of this owner, and publishes what it stored before it resolves. Changes of one owner take
   * turns. `linked` are the services that the change defines anew, by name.
   */
  commit(ownerId: string, linked: ReadonlyMap<string, LinkedService>, write: () => Promise<StoreResult>): Promise<StoreResult>;
  /** For a request about what this gateway does not know, and another one may have just stored. */
  readonly catchUp: CatchUp["catchUp"];
  instances(serviceName: string): readonly Instance[];
  allInstances(): Iterable<readonly [serviceName: string, instances: readonly Instance[]]>;
  /** Publishes at once what the registry's watch will tell as well. */
  joined(record: InstanceRecord): void;
  left(serviceName: string, serverId: string): void;
  close(): void;
}

export interface PublisherOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly snapshot: Snapshot;
  readonly linker: Linker;
  readonly clock: Clock;
  readonly routes: RouteOptions;
  readonly logger: Logger;
}

/** After a change that could not be read from the store. */
const RELOAD_DELAY_MS = 1_000;

type LoadedService = { readonly revision: number; readonly definition: ServiceDefinition; readonly schema?: Schema };

export function createPublisher(options: PublisherOptions): Publisher {
  const { store, registry, snapshot, linker, clock, logger } = options;
  const catalog = createCatalog();
  const clashes = new RouteClashes(catalog);
  const instances = createServiceInstances(clock);
  const { coming, catchUp } = createCatchUp(store, clock);
  /** By owner. */
  const inTurn = createTurns();
  const stops: (() => void)[] = [];
  /** What cancels the next attempt, by owner. */
  const reloads = new Map<string, () => void>();
  let closed = false;

  const isNews = (head: OwnerHead) => head.version > (catalog.owner(head.ownerId)?.version ?? 0);

  /** Brings the catalog to these heads and publishes the difference, all in the turn after the last service was loaded. */
  async function apply(heads: readonly OwnerHead[], known: ReadonlyMap<string, LoadedService>): Promise<void> {
    const prepared: { head: OwnerHead; services: CatalogService[] }[] = [];
    for (const head of heads.filter(isNews)) prepared.push({ head, services: await loadServices(head, known) });
    const changes = new Map<string, ServiceEntry | undefined>();
    // While services were loaded, a newer head may have come in another way.
    for (const { head, services } of prepared.filter(({ head }) => isNews(head))) {
      for (const name of removedServices(catalog.owner(head.ownerId), head)) {
        if (catalog.service(name)?.ownerId !== head.ownerId) continue;
        catalog.deleteService(name);
        instances.speakBy(name, undefined);
        changes.set(name, undefined);
      }
      catalog.setOwner(head);
      for (const service of services) {
        catalog.setService(service);
        instances.speakBy(service.name, service.dialect);
        changes.set(service.name, entryOf(service));
      }
    }
    for (const service of clashes.settle([...changes.keys()])) {
      changes.set(service.name, entryOf(service));
      logLeftOut(service);
    }
    if (changes.size > 0) snapshot.publish([...changes]);
  }

  function logLeftOut({ name, ownerId, revision, served }: CatalogService): void {
    for (const { route, holder } of served?.leftOut ?? []) {
      logger.warn(
        { service: name, ownerId, revision, route: `${route.httpMethod} ${route.route.path}`, holder },
        "a route is left out: another owner's service has it",
      );
    }
  }

  /** Those whose current revision is not in the catalog yet. */
  async function loadServices(head: OwnerHead, known: ReadonlyMap<string, LoadedService>): Promise<CatalogService[]> {
    const services: CatalogService[] = [];
    for (const { name, revision } of head.services) {
      if (revision <= (catalog.service(name)?.revision ?? 0)) continue;
      const service = known.get(name);
      const loaded = service?.revision === revision ? service : await store.serviceRevision(name, revision);
      services.push(loaded ? await load(head.ownerId, name, loaded) : unreadable(head.ownerId, name, revision));
    }
    return services;
  }

  /** One that somebody deleted or wrote by hand, or that a newer version wrote: no reason to hold up the others. */
  function unreadable(ownerId: string, name: string, revision: number): CatalogService {
    const before = ownService(ownerId, name);
    const faults = [{ code: "UNREADABLE", message: "The store does not hold this revision in a form that can be read." }];
    logger.error(
      { service: name, revision, servedRevision: before?.served?.revision, faults },
      "a stored service can't be served",
    );
    const nothing = {
      idlService: undefined,
      description: "",
      version: "",
      paths: [],
      registeredServers: [],
      dialect: undefined,
      served: undefined,
    };
    return { ...(before ?? nothing), name, ownerId, revision, faults };
  }

  async function load(ownerId: string, name: string, { revision, definition, schema }: LoadedService): Promise<CatalogService> {
    const linked = schema ? { schema } : await link(name, definition);
    const faults = "faults" in linked ? linked.faults : [];
    const served: ServedRevision | undefined =
      "schema" in linked
        ? { revision, leftOut: [], ...bindRoutes(linked.schema, routesSource(linked.schema, name, definition, options.routes)) }
        : ownService(ownerId, name)?.served;
    if (faults.length > 0) {
      logger.error({ service: name, revision, servedRevision: served?.revision, faults }, "a stored service can't be served");
    }
    const { description, version, paths, registeredServers } = definition;
    const idlService = served && pickService(served.schema, name)?.name;
    const dialect = "schema" in linked ? { options: definition.options ?? {}, idlService } : ownService(ownerId, name)?.dialect;
    return { name, ownerId, revision, idlService, description, version, paths, registeredServers, dialect, served, faults };
  }

  /** As it was known before; another owner's is no stand-in. */
  function ownService(ownerId: string, name: string): CatalogService | undefined {
    const before = catalog.service(name);
    return before?.ownerId === ownerId ? before : undefined;
  }

  async function link(
    name: string,
    { idlFiles, mainFile, paths }: ServiceDefinition,
  ): Promise<{ schema: Schema } | { faults: ServiceFault[] }> {
    let result: IdlResult;
    try {
      result = await linker.link(idlFiles, mainFile);
    } catch (error) {
      if (closed || !(error instanceof GatewayError) || error.code === "OVERLOADED") throw error;
      return { faults: [{ code: error.code, message: error.message }] };
    }
    if (!result.ok) return { faults: result.faults.map(({ excerpt: _, ...fault }) => fault) };
    const unbound = unboundPaths(result.schema, name, paths);
    if (unbound.length === 0) return { schema: result.schema };
    return {
      faults: unbound.map(({ exposedMethod }) => ({ code: "INVALID_ROUTE", message: `The IDL has no method ${exposedMethod}.` })),
    };
  }

  function entryOf({ name, served }: CatalogService): ServiceEntry | undefined {
    // The name is refused at registration, but somebody may have written it into the store.
    if (name === PROXY_SERVICE) return undefined;
    if (served === undefined) return undefined;
    const { leftOut: _, ...routes } = served;
    return { name, ...routes, instances: instances.of(name) };
  }

  function publishInstances(serviceName: string): void {
    const service = catalog.service(serviceName);
    const entry = service && entryOf(service);
    if (entry) snapshot.publish([[serviceName, entry]]);
  }

  /** A change that was seen in the store, perhaps another gateway's. */
  function follow(head: OwnerHead): void {
    const published = inTurn(head.ownerId, () => apply([head], new Map()));
    coming(head, published);
    published.catch((error: unknown) => {
      if (closed) return;
      logger.warn({ err: error, ownerId: head.ownerId }, "a change can't be read from the store; trying again");
      reloads.get(head.ownerId)?.();
      reloads.set(
        head.ownerId,
        clock.after(RELOAD_DELAY_MS, () => follow(head)),
      );
    });
  }

  return {
    catalog,
    claims: createRestClaims(catalog),

    async open() {
      // Watched first, so that no change is lost between reading and watching; what is seen twice is skipped by its version.
      stops.push(store.watch(follow));
      stops.push(
        registry.watch((serviceName, registered) => {
          if (instances.replace(serviceName, registered)) publishInstances(serviceName);
        }),
      );
      const [heads, revisions] = await Promise.all([store.owners(), store.currentRevisions()]);
      await apply(heads, new Map(revisions.map((revision: ServiceRevision) => [revision.name, revision])));
    },

    commit(ownerId, linked, write) {
      return inTurn(ownerId, async () => {
        const result = await write();
        if (!result.ok) return result;
        const known = new Map(
          result.head.services.flatMap(({ name, revision }) => {
            const service = linked.get(name);
            return service ? [[name, { ...service, revision }] as const] : [];
          }),
        );
        try {
          await apply([result.head], known);
        } catch (error) {
          // It is stored, and so is done; what could not be read yet is published as soon as it can.
          logger.warn({ err: error, ownerId }, "a stored change is published late");
          follow(result.head);
        }
        return result;
      });
    },

    catchUp,
    instances: instances.of,
    allInstances: instances.all,

    joined(record) {
      instances.joined(record);
      publishInstances(record.serviceName);
    },

    left(serviceName, serverId) {
      instances.left(serviceName, serverId);
      publishInstances(serviceName);
    },

    close() {
      closed = true;
      for (const stop of [...stops.splice(0), ...reloads.values()]) stop();
    },
  };
}
