import { expect, it } from "vitest";
import { createConsulRegistry } from "../../gateway/src/control-plane/registry/consul-registry.ts";
import { systemClock } from "../../gateway/src/core/clock.ts";
import { instanceRecord } from "../contract/registry-contract.ts";
import { consul, describeWith } from "../support/components.ts";
import { startConsul } from "../support/consul.ts";
import { findConsuls } from "../support/consul-program.ts";
import { watchRegistry } from "../support/registry-view.ts";

/** Consul's least is a minute, and it looks every 30 s. */
const MINUTE_MS = 60_000;

describeWith(consul, "what Consul removes because it stayed critical", () => {
  it("is remembered, and back with its beat", { timeout: 4 * MINUTE_MS }, async () => {
    const agent = await startConsul(findConsuls()[0]!);
    const times = { timeToLiveMs: 1_000, timeToDieMs: MINUTE_MS, rememberMs: 60 * MINUTE_MS };
    const registry = createConsulRegistry({ urls: [agent.url], clock: systemClock, ...times });
    try {
      await registry.open();
      const view = watchRegistry(registry);
      const record = instanceRecord("a", { weight: 3, meta: { zone: "eu" } });
      await registry.join(record);
      await view.until("S", "a critical");
      await agent.catalogUntil((services) => !services.includes("S"));
      await view.until("S");
      expect(await registry.find("a")).toEqual(record);
      expect(await registry.beat("a")).toBe(true);
      await view.until("S", "a passing");
      await agent.catalogUntil((services) => services.includes("S"));
    } finally {
      await registry.close();
      await agent.dispose();
    }
  });
});
