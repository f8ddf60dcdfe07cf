import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createConsulRegistry } from "../../gateway/src/control-plane/registry/consul-registry.ts";
import type { Registry } from "../../gateway/src/control-plane/registry/registry.ts";
import { systemClock } from "../../gateway/src/core/clock.ts";
import { instanceRecord } from "../contract/registry-contract.ts";
import { consul, describeWith } from "../support/components.ts";
import { type ConsulAgentProcess, type ConsulCluster, startConsulCluster } from "../support/consul.ts";
import { findConsuls } from "../support/consul-program.ts";
import { watchRegistry } from "../support/registry-view.ts";

const times = { timeToLiveMs: 60_000, timeToDieMs: 90_000, rememberMs: 3_600_000 };

const registries: Registry[] = [];
afterEach(async () => {
  for (const registry of registries.splice(0)) await registry.close();
});

async function openRegistry(agents: readonly ConsulAgentProcess[]) {
  const registry = createConsulRegistry({ urls: agents.map(({ url }) => url), clock: systemClock, ...times });
  registries.push(registry);
  await registry.open();
  return { registry, view: watchRegistry(registry) };
}

/** Until Consul takes it: an election is under way. */
async function untilTaken<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

describeWith(consul, "three Consul servers", () => {
  describe.each(findConsuls())("$version", (program) => {
    let cluster: ConsulCluster;
    beforeAll(async () => {
      cluster = await startConsulCluster(program);
    });
    afterAll(() => cluster.dispose());

    it("an instance may beat and leave at a gateway with another agent than it connected at", async () => {
      const [first, second] = cluster.agents;
      const one = await openRegistry([first!]);
      const other = await openRegistry([second!]);
      await one.registry.join(instanceRecord("a", { weight: 5, meta: { zone: "eu" } }));
      expect(await untilTaken(() => other.registry.find("a"))).toMatchObject({ weight: 5, meta: { zone: "eu" } });
      expect(await other.registry.beat("a")).toBe(true);
      await other.view.until("S", "a passing");
      expect(await other.registry.leave("a")).toBe(true);
      await one.view.until("S");
      await other.view.until("S");
      // The first agent has it still, which nobody calls.
      expect(await one.registry.beat("a")).toBe(false);
      expect(await one.registry.find("a")).toBeUndefined();
      const third = await openRegistry([first!]);
      expect(third.view.summary("S")).toEqual([]);
      await one.registry.join(instanceRecord("a"));
      await other.view.until("S", "a passing");
      await third.view.until("S", "a passing");
      await one.registry.leave("a");
    });

    it("keep what was known and take changes again after their leader is killed", async () => {
      const leader = await cluster.leader();
      const agents = [leader, ...cluster.agents.filter((agent) => agent !== leader)];
      const { registry, view } = await openRegistry(agents);
      const survivors = await openRegistry(agents.slice(1));
      await registry.join(instanceRecord("l", { serviceName: "L" }));
      await view.until("L", "l passing");
      await survivors.view.until("L", "l passing");
      await leader.kill();
      expect(view.summary("L")).toEqual(["l passing"]);
      // Its agent is gone with its check: the beat goes to another one.
      expect(await untilTaken(() => registry.beat("l"))).toBe(true);
      await untilTaken(() => registry.join(instanceRecord("m", { serviceName: "L" })));
      await view.until("L", "l passing", "m passing");
      await survivors.view.until("L", "l passing", "m passing");
      await untilTaken(() => registry.ping());
      await leader.restart();
      expect(await registry.leave("l")).toBe(true);
      await survivors.view.until("L", "m passing");
      expect(view.summary("L")).toEqual(["m passing"]);
    });
  });
});
