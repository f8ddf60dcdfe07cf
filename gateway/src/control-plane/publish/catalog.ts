import type { BoundRoutes } from "../../snapshot/bind-routes.ts";
import type { RestRoute } from "../../snapshot/snapshot.ts";
import type { OwnerHead, ServiceDefinition } from "../store/store.ts";
import type { DialectDefaults } from "./dialect.ts";

/** Why a stored revision can't be served. */
export interface ServiceFault {
  readonly code: string;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** What calls of a service are served from. */
export interface ServedRevision extends BoundRoutes {
  readonly revision: number;
  /** Routes that its IDL asks for and that are another owner's: they are not among `rest`. */
  readonly leftOut: readonly LeftOutRoute[];
}

export interface LeftOutRoute {
  readonly route: RestRoute;
  /** The service that has it. */
  readonly holder: string;
}

/** A registered service as this gateway knows it, without its IDL's text. */
export interface CatalogService {
  readonly name: string;
  readonly ownerId: string;
  /** The current one, also when it can't be served. */
  readonly revision: number;
  readonly idlService: string | undefined;
  readonly description: string;
  readonly version: string;
  readonly paths: ServiceDefinition["paths"];
  readonly registeredServers: ServiceDefinition["registeredServers"];
  /** Of the revision that is served. */
  readonly dialect: DialectDefaults | undefined;
  /** The current revision, else the last good one; `undefined`: there was none since the start. */
  readonly served: ServedRevision | undefined;
  /** Empty when the current revision is served. */
  readonly faults: readonly ServiceFault[];
}

/** Owners and their services, in memory: what keys are checked against, and what is listed. */
export interface Catalog {
  owner(ownerId: string): OwnerHead | undefined;
  /** Whose key has this digest. */
  ownerOfKey(keyDigest: string): OwnerHead | undefined;
  service(name: string): CatalogService | undefined;
  services(): Iterable<CatalogService>;
}

export interface MutableCatalog extends Catalog {
  setOwner(head: OwnerHead): void;
  setService(service: CatalogService): void;
  deleteService(name: string): void;
}

export function createCatalog(): MutableCatalog {
  const owners = new Map<string, OwnerHead>();
  const ownersByKey = new Map<string, OwnerHead>();
  const services = new Map<string, CatalogService>();
  return {
    owner: (ownerId) => owners.get(ownerId),
    ownerOfKey: (keyDigest) => ownersByKey.get(keyDigest),
    service: (name) => services.get(name),
    services: () => services.values(),
    setOwner(head) {
      const before = owners.get(head.ownerId);
      if (before) ownersByKey.delete(before.keyDigest);
      owners.set(head.ownerId, head);
      ownersByKey.set(head.keyDigest, head);
    },
    setService: (service) => void services.set(service.name, service),
    deleteService: (name) => void services.delete(name),
  };
}
