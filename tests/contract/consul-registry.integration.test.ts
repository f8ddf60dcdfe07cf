import { afterAll, beforeAll, describe } from "vitest";
import { LEFT_SERVICE } from "../../gateway/src/control-plane/registry/consul-record.ts";
import { createConsulRegistry } from "../../gateway/src/control-plane/registry/consul-registry.ts";
import { systemClock } from "../../gateway/src/core/clock.ts";
import { consul, describeWith } from "../support/components.ts";
import { type ConsulAgentProcess, type ConsulCluster, startConsul, startConsulCluster } from "../support/consul.ts";
import { findConsuls } from "../support/consul-program.ts";
import { describeRegistry, type RegistryHarness } from "./registry-contract.ts";

/**
 * Consul's TTLs are its own, so here time really passes; and it removes nothing that was critical for less than a minute, so
 * removal is the gateway's own, by `timeToDieMs`; tests/integration/consul-agent covers Consul's.
 */
const times = { timeToLiveMs: 4_000, timeToDieMs: 2_000, rememberMs: 60_000 };

async function createHarness(agents: readonly ConsulAgentProcess[]): Promise<RegistryHarness> {
  const urls = agents.map(({ url }) => url);
  const open = async () => {
    const registry = createConsulRegistry({ urls, clock: systemClock, ...times });
    await registry.open();
    return registry;
  };
  let registry = await open();
  return {
    registry,
    timeToLiveMs: times.timeToLiveMs,
    timeToDieMs: { least: times.timeToDieMs, most: times.timeToDieMs },
    isShared: true,
    advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    async restart() {
      await registry.close();
      registry = await open();
      return registry;
    },
    async dispose() {
      await registry.close();
      const last = await open();
      // By the registry's own means: an agent that was about to say that a check is critical may list it again otherwise.
      for (const id of (await Promise.all(agents.map(serviceIds))).flat()) await last.leave(id);
      await last.close();
    },
  };
}

async function serviceIds(agent: ConsulAgentProcess): Promise<string[]> {
  return Object.keys((await agent.api("GET", "/v1/agent/services")) as object).filter((id) => !id.startsWith(LEFT_SERVICE));
}

// Beside each other, since most of their time is waiting for TTLs.
describeWith(consul, "the registry in Consul", () => {
  describe.concurrent.each(findConsuls())("$version", (program) => {
    let agent: ConsulAgentProcess;
    beforeAll(async () => {
      agent = await startConsul(program);
    });
    afterAll(() => agent.dispose());
    describeRegistry("one agent", () => createHarness([agent]));
  });

  describe.concurrent.each(findConsuls().slice(0, 1))("$version, three servers", (program) => {
    let cluster: ConsulCluster;
    beforeAll(async () => {
      cluster = await startConsulCluster(program);
    });
    afterAll(() => cluster.dispose());
    describeRegistry("three agents", () => createHarness(cluster.agents));
  });
});
