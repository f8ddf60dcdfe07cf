import { expect, test } from "vitest";
import { matchRoute, matchService } from "../../../../../gateway/src/data-plane/route/match-route.ts";
import { createSnapshot, type Route, type ServiceEntry } from "../../../../../gateway/src/snapshot/snapshot.ts";

function target(service: string, path = "x") {
  return { service, path, query: "" };
}

function entryOf(name: string, ...paths: string[]): ServiceEntry {
  const routes = new Map(paths.map((path) => [path, { path } as Route]));
  const schema = { services: [], structs: [], enums: [] };
  return { name, revision: 1, schema, source: {} as ServiceEntry["source"], routes, instances: [] };
}

function snapshotOf(...entries: ServiceEntry[]) {
  const snapshot = createSnapshot();
  snapshot.publish(entries.map((entry) => [entry.name, entry]));
  return snapshot;
}

const asset = entryOf("AssetManagement", "newAsset", "getAsset");

test("names match exactly", () => {
  const snapshot = snapshotOf(asset);
  expect(matchService(snapshot, target("AssetManagement"))).toBe(asset);
  expect(matchRoute(asset, target("AssetManagement", "newAsset")).path).toBe("newAsset");
});

test.each([
  ["assetmanagement", ["AssetManagement"]],
  ["AssetManagment", ["AssetManagement"]],
  ["Other", undefined],
  ["__proto__", undefined],
  ["x".repeat(300), undefined],
])("of %s the nearest are %j", (name, suggestions) => {
  const fault = expect.objectContaining({ code: "SERVICE_NOT_FOUND", status: 404, members: suggestions ? { suggestions } : {} });
  expect(() => matchService(snapshotOf(asset), target(name))).toThrow(fault);
});

test("a path's nearest are those of its service", () => {
  const fault = expect.objectContaining({
    code: "ROUTE_NOT_FOUND",
    members: { service: "AssetManagement", suggestions: ["newAsset"] },
  });
  expect(() => matchRoute(asset, target("AssetManagement", "newAsse/"))).toThrow(fault);
});

test.each([
  [asset, "", "A call's path is /{service}/{path}."],
  [asset, "other", "The service has no such path."],
  [entryOf("Bare"), "other", "The service has no path at all: it was registered without Paths."],
])("what is wrong is said: %#", (entry, path, detail) => {
  expect(() => matchRoute(entry, target(entry.name, path))).toThrow(detail);
});

test("a target without a service is no path", () => {
  expect(() => matchService(snapshotOf(asset), target(""))).toThrow(expect.objectContaining({ code: "ROUTE_NOT_FOUND" }));
});

test("looking for the nearest is cheap among any number of names", () => {
  const snapshot = snapshotOf(...Array.from({ length: 20_000 }, (_, index) => entryOf(`Service-of-a-long-name-${index}`)));
  const began = performance.now();
  for (let call = 0; call < 20; call += 1) {
    expect(() => matchService(snapshot, target("Service-of-a-long-name-xyz"))).toThrow(/no service/);
  }
  expect(performance.now() - began).toBeLessThan(1_000);
});
