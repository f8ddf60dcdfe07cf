import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CatalogService,
  createCatalog,
  type MutableCatalog,
  type ServedRevision,
} from "../../../../../gateway/src/control-plane/publish/catalog.ts";
import { PatternIndex } from "../../../../../gateway/src/control-plane/publish/pattern-index.ts";
import { parseRestPattern } from "../../../../../gateway/src/control-plane/publish/rest-pattern.ts";
import { RouteClashes } from "../../../../../gateway/src/control-plane/publish/route-clashes.ts";
import type { Store } from "../../../../../gateway/src/control-plane/store/store.ts";
import { RestRoutes } from "../../../../../gateway/src/data-plane/route/rest-routes.ts";
import { startControlPlane } from "../../../../support/control-plane.ts";
import { definitionOf } from "../../../../support/definitions.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";
import { createMemoryStore } from "../../../../support/memory-store.ts";

/** Waits for what another gateway did. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const owner = (ownerId: string) => ({ ownerId, ownerName: ownerId, keyDigest: ownerId });

/** A service whose method has these annotations. */
function service(name: string, ...annotations: string[]) {
  const idl = `service ${name} { void insert() (${annotations.join(", ")}) }`;
  return { name, definition: definitionOf(idl) };
}

/** As if another gateway, which did not know of the others, had taken it. */
async function registerElsewhere(store: Store, ownerId: string, ...services: ReturnType<typeof service>[]) {
  const result = await store.createOwner(owner(ownerId), services, "owner");
  await settled();
  return result.ok ? result.head.version : 0;
}

describe("two registrations at the same time", () => {
  test.each([
    ["the first comes first", ["ann", "bob"]],
    ["the first comes last", ["bob", "ann"]],
  ])("the same one is served by every gateway: %s", async (_, order) => {
    const store = createMemoryStore(createFakeClock());
    const services: Record<string, ReturnType<typeof service>> = {
      ann: service("Beta", 'api.get="/v1/:id", api.get="/v1/x/y"'),
      bob: service("Alpha", 'api.put="/v1/users", api.get="/v2/users"'),
    };
    const one = await startControlPlane({ options: { store } });
    for (const ownerId of order) await registerElsewhere(store, ownerId, services[ownerId]!);
    const late = await startControlPlane({ options: { store } });
    for (const { snapshot, admin, log } of [one, late]) {
      const routes = new RestRoutes(snapshot);
      expect(routes.match("PUT", "/v1/users")?.entry.name).toBe("Alpha");
      expect(routes.match("GET", "/v2/users")?.entry.name).toBe("Alpha");
      expect(routes.match("GET", "/v1/7")).toBeUndefined();
      expect(routes.match("GET", "/v1/x/y")?.entry.name).toBe("Beta");
      const { body } = await admin.get("/admin/v1/services/Beta").expect(200);
      expect(body).toMatchObject({
        state: "served",
        leftOutRoutes: [{ httpMethod: "GET", path: "/v1/:id", holder: "Alpha" }],
        restRoutes: [{ httpMethod: "GET", path: "/v1/x/y" }],
      });
      expect((await admin.get("/admin/v1/services/Alpha").expect(200)).body.leftOutRoutes).toEqual([]);
      expect(snapshot.entry("Beta")).toMatchObject({ source: { rest: [{ path: "/v1/x/y" }] }, rest: [{}] });
      const warnings = log.filter((line) => line.includes("a route is left out")).map((line) => JSON.parse(line));
      expect(warnings).toMatchObject([{ service: "Beta", ownerId: "ann", route: "GET /v1/:id", holder: "Alpha" }]);
    }
  });

  test("a service's own paths come before a route under its name", async () => {
    const store = createMemoryStore(createFakeClock());
    const { admin } = await startControlPlane({ options: { store } });
    await registerElsewhere(store, "ann", service("Alpha", 'api.get="/Beta/x"'));
    await registerElsewhere(store, "bob", service("Beta"));
    const { body } = await admin.get("/admin/v1/services/Alpha").expect(200);
    expect(body.leftOutRoutes).toEqual([{ httpMethod: "GET", path: "/Beta/x", holder: "Beta" }]);
  });

  test("a route that was left out is served once the other is gone", async () => {
    const store = createMemoryStore(createFakeClock());
    const { snapshot } = await startControlPlane({ options: { store } });
    await registerElsewhere(store, "ann", service("Beta", 'api.get="/v1/x"'));
    const routes = new RestRoutes(snapshot);
    const before = snapshot.entry("Beta")!.rest;
    const version = await registerElsewhere(store, "bob", service("Alpha", 'api.get="/v1/x"'));
    expect(routes.match("GET", "/v1/x")?.entry.name).toBe("Alpha");
    await store.updateOwner("bob", version, [], "owner");
    await settled();
    expect(routes.match("GET", "/v1/x")?.entry.name).toBe("Beta");
    expect(snapshot.entry("Beta")!.rest).toBe(before);
  });

  test("what is served may be updated; what was left out blocks nobody", async () => {
    const store = createMemoryStore(createFakeClock());
    const { api, register, snapshot } = await startControlPlane({ options: { store } });
    const IdlContent = 'service Alpha { void insert() (api.get="/v1/x") }';
    const body = (version: string) => [
      { OwnerId: "bob", OwnerName: "bob", Services: [{ ServiceName: "Alpha", IdlContent, Version: version }] },
    ];
    const apiKey = await register(body("1"));
    await registerElsewhere(store, "ann", service("Beta", 'api.get="/v1/:y"'));
    await api.put("/update?ownerid=bob").set("apikey", apiKey).send(body("2")).expect(200);
    expect(snapshot.entry("Alpha")).toMatchObject({ revision: 2, rest: [{}] });
    expect(snapshot.entry("Beta")!.rest).toEqual([]);
  });
});

describe("whatever the order", () => {
  const patterns = ["/v/a", "/v/:p", "/v/a/b", "/v/*r", "/v/:p/b", "/w/a", "/w/:p", "/S1/x", "/S2/*r"].map((text) => {
    const parsed = parseRestPattern(text);
    if (!parsed.ok) throw new Error(parsed.fault);
    return parsed.pattern;
  });
  const names = ["S0", "S1", "S2", "S3", "S4"];
  const ownerOf = (name: string) => (name === "S4" ? "o0" : `o${name.slice(1)}`);

  /** Of a service, its routes; `undefined`: it is removed. */
  const change = fc.tuple(
    fc.constantFrom(...names),
    fc.option(fc.uniqueArray(fc.nat(patterns.length - 1), { maxLength: 4 }), { nil: undefined }),
  );

  function served(indexes: readonly number[]): ServedRevision {
    const rest = indexes.map((index) => ({ httpMethod: "GET", pattern: patterns[index]!, route: { path: `${index}` } }));
    return { revision: 1, leftOut: [], rest, source: { rest } } as unknown as ServedRevision;
  }

  function set(catalog: MutableCatalog, name: string, indexes: readonly number[] | undefined): void {
    if (indexes === undefined) catalog.deleteService(name);
    else catalog.setService({ name, ownerId: ownerOf(name), served: served(indexes) } as unknown as CatalogService);
  }

  const stateOf = (catalog: MutableCatalog) =>
    [...catalog.services()]
      .map(({ name, served: its }) => ({
        name,
        kept: its!.rest.map(({ route }) => route.path),
        source: its!.source.rest.map((route) => patterns.indexOf(route.pattern as never).toString()),
        leftOut: its!.leftOut.map(({ route, holder }) => [route.route.path, holder]),
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name));

  test("the same routes are left out as from the end state alone, and none that are kept clash", () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), (turns) => {
        const catalog = createCatalog();
        const clashes = new RouteClashes(catalog);
        const last = new Map<string, readonly number[] | undefined>();
        for (const turn of turns) {
          for (const [name, indexes] of turn) {
            set(catalog, name, indexes);
            last.set(name, indexes);
          }
          clashes.settle(turn.map(([name]) => name));
        }
        const fresh = createCatalog();
        for (const [name, indexes] of last) set(fresh, name, indexes);
        new RouteClashes(fresh).settle([...last.keys()]);
        expect(stateOf(catalog)).toEqual(stateOf(fresh));
        for (const { name, kept, source, leftOut } of stateOf(catalog)) {
          expect(source).toEqual(kept);
          expect(leftOut.length + kept.length).toBe(last.get(name)!.length);
          for (const other of stateOf(catalog)) {
            if (ownerOf(other.name) === ownerOf(name)) continue;
            expect(
              kept.filter((index) => patterns[Number(index)]![0]!.kind === "literal" && startsWithName(index, other.name)),
            ).toEqual([]);
            for (const ours of kept) for (const theirs of other.kept) expect(overlap(ours, theirs)).toBe(false);
          }
        }
      }),
    );
  });

  function startsWithName(index: string, name: string): boolean {
    const [first] = patterns[Number(index)]!;
    return first?.kind === "literal" && first.text === name;
  }

  function overlap(a: string, b: string): boolean {
    const index = new PatternIndex<true>();
    index.add(patterns[Number(a)]!, true);
    return index.overlapping(patterns[Number(b)]!) === true;
  }
});
