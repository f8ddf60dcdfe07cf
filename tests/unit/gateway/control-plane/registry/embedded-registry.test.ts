import { expect, it } from "vitest";
import { createEmbeddedRegistry } from "../../../../../gateway/src/control-plane/registry/embedded-registry.ts";
import { instanceRecord } from "../../../../contract/registry-contract.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";
import { watchRegistry } from "../../../../support/registry-view.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

const times = { timeToLiveMs: 45_000, timeToDieMs: 90_000, rememberMs: 86_400_000 };
const hourMs = 3_600_000;

async function setUp(dataDir = temporaryDirectory(), clock = createFakeClock()) {
  const registry = createEmbeddedRegistry({ dataDir, clock, ...times });
  await registry.open();
  return { registry, clock, dataDir };
}

it("changes states at exactly their times", async () => {
  const { registry, clock } = await setUp();
  const view = watchRegistry(registry);
  await registry.join(instanceRecord("a"));
  await clock.advance(times.timeToLiveMs - 1);
  expect(view.summary("S")).toEqual(["a passing"]);
  await clock.advance(1);
  expect(view.summary("S")).toEqual(["a critical"]);
  await clock.advance(times.timeToDieMs - 1);
  expect(view.summary("S")).toEqual(["a critical"]);
  await clock.advance(1);
  expect(view.summary("S")).toEqual([]);
  await clock.advance(times.rememberMs - 1);
  expect(await registry.find("a")).toBeDefined();
  await clock.advance(1);
  expect(await registry.find("a")).toBeUndefined();
  expect(clock.pending).toBe(0);
  await registry.close();
});

it("counts the time to be forgotten over restarts, also when the wall clock is set back", async () => {
  const { registry, clock, dataDir } = await setUp();
  await registry.join(instanceRecord("a"));
  await clock.advance(times.timeToLiveMs + times.timeToDieMs);
  await registry.close();

  const later = createFakeClock(new Date(clock.now().getTime() + 23 * hourMs));
  const second = await setUp(dataDir, later);
  expect(await second.registry.find("a")).toBeDefined();
  await later.advance(hourMs - 1);
  expect(await second.registry.find("a")).toBeDefined();
  await second.registry.close();

  const setBack = createFakeClock(new Date(0));
  const third = await setUp(dataDir, setBack);
  await setBack.advance(times.rememberMs - 1);
  expect(await third.registry.find("a")).toBeDefined();
  await third.registry.close();

  const { registry: last } = await setUp(dataDir, createFakeClock(new Date(later.now().getTime() + hourMs)));
  expect(await last.find("a")).toBeUndefined();
  await last.close();
});

it("keeps one timer for any number of instances, and none when closed", async () => {
  const { registry, clock } = await setUp();
  const view = watchRegistry(registry);
  for (let i = 0; i < 10_000; i++) await registry.join(instanceRecord(`i${i}`, { serviceName: `S${i % 10}` }));
  expect(clock.pending).toBe(1);
  await clock.advance(times.timeToLiveMs - 1);
  for (let i = 0; i < 5_000; i++) await registry.beat(`i${i}`);
  const before = view.told.length;
  await clock.advance(1);
  expect(view.told.length - before).toBe(10);
  const passing = [...view.lists.values()].flat().filter(({ health }) => health === "passing");
  expect(passing).toHaveLength(5_000);
  expect(clock.pending).toBe(1);
  await registry.close();
  expect(clock.pending).toBe(0);
});

it("remembers at most 1,000 instances of a service, the newest", async () => {
  const { registry, clock, dataDir } = await setUp();
  await registry.join(instanceRecord("other", { serviceName: "T" }));
  for (let i = 0; i < 1_001; i++) await registry.join(instanceRecord(`i${i}`));
  await clock.advance(times.timeToLiveMs + times.timeToDieMs);
  await registry.close();
  const { registry: again } = await setUp(dataDir, clock);
  expect(await again.find("i0")).toBeUndefined();
  expect(await again.find("i1")).toBeDefined();
  expect(await again.find("i1000")).toBeDefined();
  expect(await again.find("other")).toBeDefined();
  await again.close();
});

it("tells nothing when an instance joins again as it was", async () => {
  const { registry } = await setUp();
  await registry.join(instanceRecord("a", { meta: { k: "v" } }));
  const view = watchRegistry(registry);
  await registry.join(instanceRecord("a", { meta: { k: "v" } }));
  await registry.beat("a");
  expect(view.told).toHaveLength(1);
  await registry.close();
});

it("moves an instance that joins under another service", async () => {
  const { registry } = await setUp();
  const view = watchRegistry(registry);
  await registry.join(instanceRecord("a"));
  await registry.join(instanceRecord("a", { serviceName: "T" }));
  expect([view.summary("S"), view.summary("T")]).toEqual([[], ["a passing"]]);
  await registry.close();
});

it("tells a watcher that came before it was opened", async () => {
  const dataDir = temporaryDirectory();
  const first = await setUp(dataDir);
  await first.registry.join(instanceRecord("a"));
  await first.registry.close();
  const registry = createEmbeddedRegistry({ dataDir, clock: createFakeClock(), ...times });
  const view = watchRegistry(registry);
  await registry.open();
  expect(view.summary("S")).toEqual(["a passing"]);
  await registry.close();
});

it("serves on from memory while its file can't be written, and makes up for it", async () => {
  const dataDir = temporaryDirectory();
  const clock = createFakeClock();
  const registry = createEmbeddedRegistry({ dataDir, clock, ...times, maxBytes: 40_000 });
  await registry.open();
  const view = watchRegistry(registry);
  const large = instanceRecord("large", { meta: { text: "x".repeat(100_000) } });
  await registry.join(large);
  await registry.join(instanceRecord("small"));
  expect(view.summary("S")).toEqual(["large passing", "small passing"]);
  expect(await registry.beat("large")).toBe(true);
  await expect(registry.ping()).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
  await registry.leave("large");
  await clock.advance(1_000);
  await registry.ping();
  await registry.close();
  const again = await setUp(dataDir, clock);
  expect(await again.registry.find("small")).toBeDefined();
  expect(await again.registry.find("large")).toBeUndefined();
  await again.registry.close();
});
