import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { InstanceRecord, Registry } from "../../gateway/src/control-plane/registry/registry.ts";
import { watchRegistry } from "../support/registry-view.ts";

export interface RegistryHarness {
  readonly registry: Registry;
  readonly timeToLiveMs: number;
  /** The least and the most that the registry takes from critical to removed. */
  readonly timeToDieMs: { readonly least: number; readonly most: number };
  /**
   * The registry is a process of its own: TTLs run on while a gateway restarts, and a gateway that starts anew knows what
   * that process still has, be it critical for longer than `timeToDie`.
   */
  readonly isShared: boolean;
  /** Lets that much time pass. */
  advance(ms: number): Promise<void>;
  /** Closes the registry and opens another one on the same data. */
  restart(): Promise<Registry>;
  dispose(): Promise<void>;
}

export function instanceRecord(serverId: string, overrides: Partial<InstanceRecord> = {}): InstanceRecord {
  return { serverId, serviceName: "S", address: "10.0.0.1", port: 9000, weight: 1, meta: {}, ...overrides };
}

const removalTest = { timeout: 300_000 };

/** What every registry keeps to. `createHarness` gives an open registry without instances. */
export function describeRegistry(name: string, createHarness: () => Promise<RegistryHarness>): void {
  describe.sequential(`registry contract: ${name}`, () => {
    let harness: RegistryHarness;
    let registry: Registry;

    beforeEach(async () => {
      harness = await createHarness();
      registry = harness.registry;
    });
    afterEach(() => harness.dispose());

    const pass = (ms: number) => harness.advance(ms);
    const untilRemoved = async () => {
      await pass(harness.timeToLiveMs);
      await pass(harness.timeToDieMs.most);
    };

    it("tells the whole list of a service when an instance joins or leaves", async () => {
      const view = watchRegistry(registry);
      const record = instanceRecord("a", { weight: 7, meta: { transport: "framed" }, address: "::1", port: 1 });
      await registry.join(record);
      await view.until("S", "a passing");
      expect(view.lists.get("S")).toEqual([{ ...record, health: "passing" }]);
      await registry.join(instanceRecord("b"));
      await view.until("S", "a passing", "b passing");
      expect(await registry.leave("a")).toBe(true);
      await view.until("S", "b passing");
      expect(await registry.leave("b")).toBe(true);
      await view.until("S");
      expect(view.told.every(([service]) => service === "S")).toBe(true);
    });

    it("tells a new watcher at once what is there, and one that stopped nothing", async () => {
      await registry.join(instanceRecord("a"));
      await registry.join(instanceRecord("b", { serviceName: "T" }));
      const view = watchRegistry(registry);
      await view.until("S", "a passing");
      await view.until("T", "b passing");
      view.stop();
      const before = view.told.length;
      await registry.leave("a");
      await pass(0);
      expect(view.told).toHaveLength(before);
    });

    it("tells nothing of a service whose last instance left before", async () => {
      await registry.join(instanceRecord("a"));
      await registry.leave("a");
      const view = watchRegistry(registry);
      await registry.join(instanceRecord("b", { serviceName: "T" }));
      await view.until("T", "b passing");
      expect([...view.lists.keys()]).toEqual(["T"]);
    });

    it("replaces an instance that joins again, in its place", async () => {
      const view = watchRegistry(registry);
      for (const serverId of ["a", "b", "c"]) await registry.join(instanceRecord(serverId));
      await registry.join(instanceRecord("b", { weight: 50, meta: { zone: "eu" } }));
      await registry.join(instanceRecord("d"));
      await view.until("S", "a passing", "b passing", "c passing", "d passing");
      expect(view.lists.get("S")?.[1]).toMatchObject({ weight: 50, meta: { zone: "eu" } });
      expect(await registry.find("b")).toEqual(instanceRecord("b", { weight: 50, meta: { zone: "eu" } }));
    });

    it("keeps those that did not change in their order", async () => {
      const view = watchRegistry(registry);
      const ids = Array.from({ length: 20 }, (_, i) => `i${i}`);
      for (const serverId of ids) await registry.join(instanceRecord(serverId));
      await view.until("S", ...ids.map((id) => `${id} passing`));
      const left = ids.filter((_, i) => i % 3 !== 0);
      for (const serverId of ids) if (!left.includes(serverId)) await registry.leave(serverId);
      await view.until("S", ...left.map((id) => `${id} passing`));
    });

    it("does not know what never joined, and what left", async () => {
      expect(await registry.beat("a")).toBe(false);
      expect(await registry.leave("a")).toBe(false);
      expect(await registry.find("a")).toBeUndefined();
      await registry.join(instanceRecord("a"));
      await registry.leave("a");
      expect(await registry.beat("a")).toBe(false);
      expect(await registry.leave("a")).toBe(false);
      expect(await registry.find("a")).toBeUndefined();
    });

    it("turns an instance critical when its TTL has passed, and a beat brings it back", async () => {
      const view = watchRegistry(registry);
      await registry.join(instanceRecord("a"));
      await registry.join(instanceRecord("b"));
      while (view.summary("S")[0] !== "a critical") {
        await pass(harness.timeToLiveMs / 4);
        expect(await registry.beat("b")).toBe(true);
      }
      await view.until("S", "a critical", "b passing");
      expect(await registry.beat("a")).toBe(true);
      await view.until("S", "a passing", "b passing");
    });

    it("keeps an instance passing as long as it beats", async () => {
      const view = watchRegistry(registry);
      await registry.join(instanceRecord("a"));
      for (let i = 0; i < 7; i++) {
        await pass(harness.timeToLiveMs / 4);
        expect(await registry.beat("a")).toBe(true);
      }
      expect(view.told.flatMap(([, list]) => list.map(({ health }) => health))).not.toContain("critical");
      expect(view.summary("S")).toEqual(["a passing"]);
    });

    it("removes what stays critical, remembers it, and a beat revives it", removalTest, async () => {
      const view = watchRegistry(registry);
      const record = instanceRecord("a", { weight: 9, meta: { k: "v" } });
      await registry.join(record);
      await pass(harness.timeToLiveMs);
      await view.until("S", "a critical");
      await pass(harness.timeToDieMs.least / 2);
      expect(view.summary("S")).toEqual(["a critical"]);
      await pass(harness.timeToDieMs.most);
      await view.until("S");
      expect(await registry.find("a")).toEqual(record);
      expect(await registry.beat("a")).toBe(true);
      await view.until("S", "a passing");
      expect(view.lists.get("S")).toEqual([{ ...record, health: "passing" }]);
    });

    it("removes for good what leaves after it was removed", removalTest, async () => {
      await registry.join(instanceRecord("a"));
      await untilRemoved();
      expect(await registry.leave("a")).toBe(true);
      expect(await registry.find("a")).toBeUndefined();
      expect(await registry.beat("a")).toBe(false);
    });

    it("has what joined after a restart, with a fresh TTL where it kept the time, and not what left", async () => {
      const record = instanceRecord("a", { weight: 3, meta: { k: "v" } });
      const view = watchRegistry(registry);
      await registry.join(record);
      await registry.join(instanceRecord("gone"));
      await registry.leave("gone");
      await pass(harness.timeToLiveMs);
      await view.until("S", "a critical");
      const again = await harness.restart();
      const viewAgain = watchRegistry(again);
      if (harness.isShared) {
        await viewAgain.until("S", "a critical");
        expect(await again.beat("a")).toBe(true);
      }
      await viewAgain.until("S", "a passing");
      expect(viewAgain.lists.get("S")).toEqual([{ ...record, health: "passing" }]);
      await pass(harness.timeToLiveMs / 2);
      expect(viewAgain.summary("S")).toEqual(["a passing"]);
      expect(await again.beat("a")).toBe(true);
      expect(await again.beat("gone")).toBe(false);
    });

    it("remembers what was removed over a restart", removalTest, async () => {
      const record = instanceRecord("a");
      await registry.join(record);
      await untilRemoved();
      const again = await harness.restart();
      const view = watchRegistry(again);
      await pass(0);
      if (!harness.isShared) expect(view.summary("S")).toEqual([]);
      expect(await again.find("a")).toEqual(record);
      expect(await again.beat("a")).toBe(true);
      await view.until("S", "a passing");
    });

    it("keeps its own copy of a record", async () => {
      const record = { ...instanceRecord("a"), meta: { k: "before" } };
      await registry.join(record);
      record.meta.k = "after";
      expect(await registry.find("a")).toMatchObject({ meta: { k: "before" } });
    });

    it("answers pings while it is open, and REGISTRY_UNAVAILABLE afterwards", async () => {
      await registry.ping();
      await registry.close();
      await registry.close();
      const unavailable = { name: "GatewayError", code: "REGISTRY_UNAVAILABLE" };
      await expect(registry.ping()).rejects.toMatchObject(unavailable);
      await expect(registry.join(instanceRecord("a"))).rejects.toMatchObject(unavailable);
      await expect(registry.beat("a")).rejects.toMatchObject(unavailable);
      await expect(registry.leave("a")).rejects.toMatchObject(unavailable);
      await expect(registry.find("a")).rejects.toMatchObject(unavailable);
    });
  });
}
