import { GatewayError } from "../../core/errors.ts";
import { nearestNames } from "../../core/nearest-names.ts";
import type { Route, ServiceEntry, Snapshot } from "../../snapshot/snapshot.ts";
import type { Target } from "./parse-target.ts";

const callShape = "A call's path is /{service}/{path}.";

/** The service that a target names. */
export function matchService(snapshot: Pick<Snapshot, "entry" | "names">, { service }: Target): ServiceEntry {
  const entry = snapshot.entry(service);
  if (entry !== undefined) return entry;
  if (service === "") throw new GatewayError("ROUTE_NOT_FOUND", callShape);
  throw new GatewayError("SERVICE_NOT_FOUND", "There is no service of that name.", {
    members: suggestions(service, snapshot.names()),
  });
}

/** The route of a service that a target names. */
export function matchRoute(entry: ServiceEntry, { path }: Target): Route {
  const route = entry.routes.get(path);
  if (route !== undefined) return route;
  const detail =
    entry.routes.size === 0
      ? "The service has no path at all: it was registered without Paths."
      : path === ""
        ? callShape
        : "The service has no such path.";
  throw new GatewayError("ROUTE_NOT_FOUND", detail, {
    members: { service: entry.name, ...suggestions(path, entry.routes.keys()) },
  });
}

/** Longer names are no typing mistake; and to look is dearer than a call, so it is bounded. */
const maxNameLength = 40;
const maxNamesLookedAt = 2_000;
const maxNamesCompared = 64;

function suggestions(name: string, names: Iterable<string>): { suggestions?: readonly string[] } {
  if (name.length > maxNameLength) return {};
  const nearest = nearestNames(name, likely(name.length, names));
  return nearest.length === 0 ? {} : { suggestions: nearest };
}

/** Those that can be near by their length. */
function* likely(length: number, names: Iterable<string>): Iterable<string> {
  let lookedAt = 0;
  let compared = 0;
  for (const name of names) {
    lookedAt += 1;
    if (lookedAt > maxNamesLookedAt || compared >= maxNamesCompared) return;
    if (Math.abs(name.length - length) > length / 3) continue;
    compared += 1;
    yield name;
  }
}
