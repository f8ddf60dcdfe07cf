import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ConsulRegistryOptions,
  createConsulRegistry,
} from "../../../../../gateway/src/control-plane/registry/consul-registry.ts";
import type { Registry } from "../../../../../gateway/src/control-plane/registry/registry.ts";
import { answering, consulFaults, reset } from "../../../../support/consul-faults.ts";
import { catalogEntry, type FakeConsul, startFakeConsul } from "../../../../support/fake-consul.ts";
import { createFastClock } from "../../../../support/fast-clock.ts";
import { type RegistryView, watchRegistry } from "../../../../support/registry-view.ts";

const MIB = 1024 * 1024;
const times = { timeToLiveMs: 45_000, timeToDieMs: 90_000, rememberMs: 86_400_000 };

let consul: FakeConsul;
let registries: Registry[];

beforeEach(async () => {
  consul = await startFakeConsul();
  registries = [];
});

afterEach(async () => {
  for (const registry of registries) await registry.close();
  await consul.close();
});

async function openRegistry(options: Partial<ConsulRegistryOptions> = {}): Promise<{ registry: Registry; view: RegistryView }> {
  const registry = createConsulRegistry({
    urls: [consul.url],
    clock: createFastClock(20),
    timeoutMs: 10_000,
    ...times,
    ...options,
  });
  registries.push(registry);
  await registry.open();
  return { registry, view: watchRegistry(registry) };
}

describe("when Consul answers nonsense, or not at all", () => {
  it.each(consulFaults)("%s: the last good list stays, and the next one is seen", async (_name, fault) => {
    consul.list("S", [catalogEntry("a")]);
    const { view } = await openRegistry();
    await view.until("S", "a passing");
    const told = view.told.length;

    const asked = [consul.asked("catalog/services", 2), consul.asked("health/state/critical", 2)];
    consul.misbehave(fault);
    await Promise.all(asked);
    expect(view.told).toHaveLength(told);
    expect(view.summary("S")).toEqual(["a passing"]);

    consul.misbehave(undefined);
    consul.list("S", [catalogEntry("a"), catalogEntry("b")]);
    await view.until("S", "a passing", "b passing");
  });

  it("asks from the beginning again after an error", async () => {
    const { registry } = await openRegistry();
    consul.misbehave(answering("No cluster leader", {}, 500));
    await consul.asked("catalog/services", 2);
    const from = consul.requests.length;
    consul.misbehave(undefined);
    await consul.asked("catalog/services");
    const next = consul.requests.slice(from).find((request) => request.includes("catalog/services"));
    expect(next).toContain("index=0");
    expect(next).toContain("stale");
    await registry.close();
  });

  it("asks from the beginning again when the index goes backwards", async () => {
    consul.list("S", [catalogEntry("a")]);
    const { view } = await openRegistry();
    await view.until("S", "a passing");
    const asked = consul.asked("catalog/services?stale&wait=10000ms&index=0");
    consul.index = 3;
    consul.list("S", [catalogEntry("b")]);
    await asked;
    await view.until("S", "a critical", "b passing");
  });

  it("does not ask more often than every 50 ms, however fast it is answered", async () => {
    const clock = createFastClock(1);
    await openRegistry({ clock });
    const startedMs = clock.monotonicMs();
    consul.misbehave((request, response) => {
      if (request.url!.includes("catalog")) return answering("{}", { "x-consul-index": ++consul.index })(request, response);
      return answering("[]", { "x-consul-index": ++consul.index })(request, response);
    });
    await consul.asked("catalog/services", 6);
    expect(clock.monotonicMs() - startedMs).toBeGreaterThan(200);
  });

  it("reads an answer of 10 MB", async () => {
    const padding = Array.from({ length: 10 }, (_, i) => [`k${i}`, "x".repeat(MIB)]);
    consul.list("S", [catalogEntry("a", { Meta: Object.fromEntries(padding) })]);
    const { view } = await openRegistry({ timeoutMs: 200_000 });
    await view.until("S", "a passing");
    expect(Object.keys(view.lists.get("S")![0]!.meta)).toHaveLength(10);
  });

  it("keeps what is missing from a list that was filtered by rights", async () => {
    consul.list("S", [catalogEntry("a"), catalogEntry("b")]);
    const { view } = await openRegistry();
    await view.until("S", "a passing", "b passing");
    const filtered = { "x-consul-results-filtered-by-acls": "true" };
    consul.misbehave((request, response) => {
      if (!request.url!.includes("health/service")) return false;
      return answering(JSON.stringify([catalogEntry("c")]), filtered)(request, response);
    });
    consul.list("S", [catalogEntry("c")]);
    await view.until("S", "a passing", "b passing", "c passing");
  });

  it("keeps what vanished as a last resort for the time to die", async () => {
    consul.list("S", [catalogEntry("a")]);
    const { registry, view } = await openRegistry({ timeToDieMs: 10_000 });
    consul.list("S", []);
    await view.until("S", "a critical");
    await view.until("S");
    expect(await registry.find("a")).toMatchObject({ serverId: "a", serviceName: "S" });
  });

  it("drops at once what another gateway says left", async () => {
    consul.list("S", [catalogEntry("a"), catalogEntry("b")]);
    const { registry, view } = await openRegistry();
    await view.until("S", "a passing", "b passing");
    consul.misbehave((request, response) => {
      if (!request.url!.includes("catalog")) return false;
      return answering(JSON.stringify({ S: ["changed"], "thriftgate-left": ["mark-a"] }))(request, response);
    });
    await view.until("S", "b passing");
    expect(view.told.flatMap(([, list]) => list.map(({ health }) => health))).not.toContain("critical");
    expect(await registry.beat("a")).toBe(false);
  });

  it("goes to the next agent when one does not answer", async () => {
    const dead = await startFakeConsul();
    dead.misbehave(() => true);
    consul.list("S", [catalogEntry("a")]);
    const { registry, view } = await openRegistry({ urls: [dead.url, consul.url] });
    await view.until("S", "a passing");
    await registry.join({ serverId: "b", serviceName: "T", address: "10.0.0.2", port: 9000, weight: 1, meta: {} });
    expect(consul.requests.some((request) => request.startsWith("PUT /v1/agent/service/register"))).toBe(true);
    await registry.close();
    await dead.close();
  });

  it("opens without Consul, and finds it when it comes", async () => {
    consul.misbehave(reset);
    consul.list("S", [catalogEntry("a")]);
    const { registry, view } = await openRegistry();
    await expect(registry.ping()).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
    await expect(registry.beat("a")).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
    expect(registry.ageMs!()).toBe(Number.POSITIVE_INFINITY);
    consul.misbehave(undefined);
    await view.until("S", "a passing");
    expect(registry.ageMs!()).toBeLessThan(60_000);
  });

  it("says so when there is no leader", async () => {
    const { registry } = await openRegistry();
    await registry.ping();
    consul.misbehave((request, response) => request.url === "/v1/status/leader" && answering('""')(request, response));
    await expect(registry.ping()).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
  });
});

describe("what an agent says to a beat of a check that it does not know", () => {
  it.each([
    [500, 'CheckID "service:a" does not have associated TTL'],
    [404, 'Unknown check ID "service:a". Ensure that the check ID is passed, not the check name.'],
  ])("%i: the instance is registered again", async (status, reason) => {
    consul.list("S", [catalogEntry("a")]);
    const { registry, view } = await openRegistry();
    await view.until("S", "a passing");
    let isRegistered = false;
    consul.misbehave((request, response) => {
      if (request.url!.startsWith("/v1/agent/service/register")) isRegistered = true;
      return request.url!.includes("check/pass") && !isRegistered && answering(reason, {}, status)(request, response);
    });
    expect(await registry.beat("a")).toBe(true);
    expect(isRegistered).toBe(true);
  });

  it("403 is no reason to register", async () => {
    consul.list("S", [catalogEntry("a")]);
    const { registry, view } = await openRegistry();
    await view.until("S", "a passing");
    consul.misbehave(
      (request, response) => request.method === "PUT" && answering("Permission denied", {}, 403)(request, response),
    );
    await expect(registry.beat("a")).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
    expect(view.summary("S")).toEqual(["a passing"]);
  });

  it("400 to a registration is the caller's fault", async () => {
    const { registry } = await openRegistry();
    consul.misbehave(
      (request, response) => request.method === "PUT" && answering("Invalid Service Meta", {}, 400)(request, response),
    );
    const joining = registry.join({
      serverId: "b",
      serviceName: "T",
      address: "10.0.0.2",
      port: 9000,
      weight: 1,
      meta: { "a b": "" },
    });
    await expect(joining).rejects.toMatchObject({ code: "INVALID_FIELD", members: { pointer: "/Meta" } });
  });
});
