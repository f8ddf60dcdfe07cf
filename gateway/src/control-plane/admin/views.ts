import type { Dialect, Instance, RestRoute } from "../../snapshot/snapshot.ts";
import type { CatalogService } from "../publish/catalog.ts";
import type { ServiceRevision } from "../store/store.ts";

/** What the data plane saw of an instance. */
export interface Observed {
  readonly state: string;
  readonly inFlight: number;
  readonly dialect?: Dialect;
}

export function serviceSummary(service: CatalogService, instances: readonly Instance[]) {
  const { name, ownerId, revision, served, faults, version, description, paths } = service;
  const passing = instances.filter(({ health }) => health === "passing").length;
  return {
    name,
    ownerId,
    revision,
    servedRevision: served?.revision ?? null,
    state: faults.length === 0 ? "served" : served ? "last-good" : "broken",
    version,
    description,
    paths: paths.length,
    leftOutRoutes: (served?.leftOut ?? []).map(({ route, holder }) => ({ ...restRoute(route), holder })),
    instances: { passing, critical: instances.length - passing },
  };
}

/** `observed` in the order of the instances; empty: nobody looked. */
export function serviceDetail(service: CatalogService, instances: readonly Instance[], observed: readonly Observed[]) {
  const { name, idlService, paths, registeredServers, faults, served } = service;
  return {
    ...serviceSummary(service, instances),
    idlService: idlService ?? null,
    routes: paths.map(({ methodPath, exposedMethod }) => ({ path: `/${name}/${methodPath}`, method: exposedMethod })),
    restRoutes: (served?.rest ?? []).map(restRoute),
    registeredServers,
    faults,
    instances: instances.map((instance, index) => instanceView(name, instance, observed[index])),
  };
}

/** Not by its codec, which may not be compiled yet. */
function restRoute({ httpMethod, route: { path } }: RestRoute) {
  return { httpMethod, path };
}

export function instanceView(service: string, instance: Instance, observed: Observed | undefined) {
  const { id, address, port, weight, dialect, dialectIsGuess, meta, health } = instance;
  const declared = dialectIsGuess === true ? null : dialect;
  return { serverId: id, service, address, port, weight, dialect: declared, meta, health, observed: observed ?? null };
}

/** Without the IDL's text, which may be long. */
export function revisionView({ name, ownerId, revision, createdAt, author, definition }: ServiceRevision) {
  const { version, description, paths, idlFiles, mainFile } = definition;
  return {
    service: name,
    ownerId,
    revision,
    createdAt: createdAt.toISOString(),
    author,
    version,
    description,
    mainFile,
    idlFiles: Object.entries(idlFiles).map(([file, text]) => ({ name: file, bytes: Buffer.byteLength(text) })),
    paths: paths.map(({ methodPath, exposedMethod }) => ({ path: `/${name}/${methodPath}`, method: exposedMethod })),
  };
}
