import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ConsulRegistryOptions, createConsulRegistry } from "../../gateway/src/control-plane/registry/consul-registry.ts";
import type { Registry } from "../../gateway/src/control-plane/registry/registry.ts";
import { systemClock } from "../../gateway/src/core/clock.ts";
import { instanceRecord } from "../contract/registry-contract.ts";
import { consul, describeWith } from "../support/components.ts";
import { type ConsulAgentProcess, startConsul } from "../support/consul.ts";
import { findConsuls } from "../support/consul-program.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { hang } from "../support/hang.ts";
import { type RegistryView, watchRegistry } from "../support/registry-view.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";

const MINUTE_MS = 60_000;
const times = { timeToLiveMs: 45_000, timeToDieMs: 90_000, rememberMs: 60 * MINUTE_MS };
const unavailable = { name: "GatewayError", code: "REGISTRY_UNAVAILABLE" };

const registries: Registry[] = [];
afterEach(async () => {
  for (const registry of registries.splice(0)) await registry.close();
});

async function openRegistry(
  url: string,
  options: Partial<ConsulRegistryOptions> = {},
): Promise<{ registry: Registry; view: RegistryView }> {
  const registry = createConsulRegistry({ urls: [url], clock: systemClock, ...times, ...options });
  registries.push(registry);
  await registry.open();
  return { registry, view: watchRegistry(registry) };
}

interface AgentService {
  readonly ID: string;
  readonly Tags: string[];
}

describeWith(consul, "a Consul agent", () => {
  // Consul's least is a minute, and it looks every 30 s: this goes on beside the others.
  let removal: Promise<void>;
  let removing: ConsulAgentProcess;
  beforeAll(async () => {
    removing = await startConsul(findConsuls()[0]!);
    removal = removeByConsul(removing);
    removal.catch(() => {});
  });
  afterAll(() => removing.dispose());

  describe.each(findConsuls())("$version", (program) => {
    let agent: ConsulAgentProcess;
    beforeAll(async () => {
      agent = await startConsul(program);
    });
    afterAll(() => agent.dispose());

    it("holds the record that docs/http-api.md tells of", async () => {
      const { registry } = await openRegistry(agent.url);
      await registry.join(instanceRecord("r", { serviceName: "R", weight: 7, meta: { transport: "framed", zone: "eu" } }));
      const services = (await agent.api("GET", "/v1/agent/services")) as Record<string, AgentService>;
      expect(services.r).toMatchObject({
        ID: "r",
        Service: "R",
        Address: "10.0.0.1",
        Port: 9000,
        Meta: { transport: "framed", zone: "eu" },
        Weights: { Passing: 7, Warning: 7 },
      });
      expect(services.r!.Tags).toEqual([expect.stringMatching(/^thriftgate:[0-9a-f]{16}$/)]);
      const checks = (await agent.api("GET", "/v1/agent/checks")) as Record<string, unknown>;
      expect(checks["service:r"]).toMatchObject({ Status: "passing", ServiceID: "r", Type: "ttl" });
      await registry.leave("r");
      expect(await agent.api("GET", "/v1/agent/services")).not.toHaveProperty("r");
    });

    it("lists instances that registered themselves", async () => {
      const register = (service: unknown) => agent.api("PUT", "/v1/agent/service/register", service);
      await register({
        ID: "k1",
        Name: "Kitex",
        Address: "10.1.0.1",
        Port: 8888,
        Tags: ["idc:lf", "ApiKey:s3cret"],
        Weights: { Passing: 10 },
      });
      await register({
        ID: "k2",
        Name: "Kitex",
        Address: "Host-7.internal",
        Port: 8888,
        Weights: { Passing: 1_000, Warning: 1 },
      });
      await register({ ID: "k3", Name: "Kitex", Address: "FD00::7", Port: 8888, Meta: { zone: "b" } });
      await register({ ID: "k4", Name: "Kitex", Port: 8888 });
      await register({ ID: "k5", Name: "Kitex", Address: "10.1.0.5", Port: 70_000 });
      await register({ ID: "k6", Name: "Kitex", Address: "not a host", Port: 1 });
      await register({ ID: "s", Name: "a/b?c", Address: "10.1.0.1", Port: 1 });
      const { view } = await openRegistry(agent.url);
      await view.until(
        "Kitex",
        "k1@10.1.0.1:8888 passing",
        "k2@host-7.internal:8888 passing",
        "k3@fd00::7:8888 passing",
        "k4@127.0.0.1:8888 passing",
      );
      expect(view.lists.get("Kitex")).toMatchObject([
        { address: "10.1.0.1", weight: 1, meta: { idc: "lf" } },
        { address: "host-7.internal", weight: 100 },
        { address: "fd00::7", meta: { zone: "b" } },
        { address: "127.0.0.1", port: 8888, weight: 1 },
      ]);
      expect(JSON.stringify(view.lists.get("Kitex"))).not.toContain("s3cret");
      await view.until("a/b?c", "s@10.1.0.1:1 passing");

      await agent.api("PUT", "/v1/agent/service/maintenance/k1?enable=true");
      await view.until(
        "Kitex",
        "k1@10.1.0.1:8888 critical",
        "k2@host-7.internal:8888 passing",
        "k3@fd00::7:8888 passing",
        "k4@127.0.0.1:8888 passing",
      );
    });

    it("two gateways agree: what joins, beats or leaves at one is known at the other", async () => {
      const one = await openRegistry(agent.url);
      const other = await openRegistry(agent.url);
      await one.registry.join(instanceRecord("a"));
      expect(await other.registry.beat("a")).toBe(true);
      await one.registry.join(instanceRecord("b"));
      await other.view.until("S", "a passing", "b passing");
      const startedMs = performance.now();
      await one.registry.join(instanceRecord("c", { serviceName: "T" }));
      await other.view.until("T", "c passing");
      expect(performance.now() - startedMs).toBeLessThan(5_000);
      await one.registry.join(instanceRecord("b", { weight: 9 }));
      await other.view.untilTrue(() => other.view.lists.get("S")?.[1]?.weight === 9);

      expect(await other.registry.leave("a")).toBe(true);
      await one.view.until("S", "b passing");
      expect(await one.registry.beat("a")).toBe(false);
      const toldOfS = one.view.told.filter(([service]) => service === "S");
      expect(toldOfS.flatMap(([, list]) => list.map(({ health }) => health))).not.toContain("critical");
      // Connected again, it is back at both.
      await other.registry.join(instanceRecord("a"));
      await one.view.until("S", "b passing", "a passing");
      for (const serverId of ["a", "b", "c"]) await one.registry.leave(serverId);
    });

    it("is refused what names of metadata may not be", async () => {
      const { registry } = await openRegistry(agent.url);
      await expect(registry.join(instanceRecord("m", { meta: { "a b": "c" } }))).rejects.toMatchObject({ code: "INVALID_FIELD" });
    });

    it("1,000 services need few connections, and a change of any is seen", async () => {
      const count = 1_000;
      const register = (i: number) =>
        agent.api("PUT", "/v1/agent/service/register", { ID: `id${i}`, Name: `many-${i}`, Address: "10.2.0.1", Port: 1 + i });
      for (let i = 0; i < count; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => register(i + j)));
      const proxy = await startCountingProxy(agent.url);
      const { registry, view } = await openRegistry(proxy.url);
      await view.untilTrue(() => [...view.lists.keys()].filter((name) => name.startsWith("many-")).length === count);

      for (let i = 0; i < count; i++) registry.interest!(`many-${i}`);
      await registry.join(instanceRecord("new", { serviceName: `many-${count - 1}` }));
      const other = await openRegistry(agent.url);
      await other.registry.join(instanceRecord("newer", { serviceName: "many-500" }));
      await view.until("many-500", `id500@10.2.0.1:501 passing`, "newer passing");
      // Seen by the query for this service alone, since nothing in the tags or checks tells of it.
      await agent.api("PUT", "/v1/agent/service/register", { ID: "id0", Name: "many-0", Address: "10.2.0.2", Port: 1 });
      await view.until("many-0", "id0@10.2.0.1:1 critical", "id0@10.2.0.2:1 passing");
      expect(proxy.most).toBeLessThanOrEqual(2 + 32 + 16);
      await registry.close();
      await proxy.close();
      await agent.dispose();
      agent = await startConsul(program);
    });

    it("killed: what was known stays; restarted empty: servers are back with their next beat", async () => {
      const { registry, view } = await openRegistry(agent.url);
      await registry.join(instanceRecord("ka", { serviceName: "K" }));
      await registry.join(instanceRecord("kb", { serviceName: "K" }));
      await view.until("K", "ka passing", "kb passing");
      await agent.kill();
      await expect(registry.beat("ka")).rejects.toMatchObject(unavailable);
      await expect(registry.ping()).rejects.toMatchObject(unavailable);
      expect(view.summary("K")).toEqual(["ka passing", "kb passing"]);
      await agent.restart();
      const witness = await openRegistry(agent.url);
      expect(witness.view.summary("K")).toEqual([]);
      const startedMs = performance.now();
      expect(await registry.beat("ka")).toBe(true);
      await witness.view.until("K", "ka passing");
      expect(performance.now() - startedMs).toBeLessThan(5_000);
      expect(await registry.beat("kb")).toBe(true);
      // They beat within the TTL, so they never were a last resort.
      expect(view.summary("K")).toEqual(["ka passing", "kb passing"]);
      // Another gateway sees them too, so Consul has them.
      const other = await openRegistry(agent.url);
      await other.view.untilTrue(
        () =>
          other.view
            .summary("K")
            .toSorted((a, b) => a.localeCompare(b))
            .join() === "ka passing,kb passing",
      );
      await registry.leave("ka");
      await registry.leave("kb");
    });

    it("hung: every answer comes within 5 s, what was known stays, and goes on afterwards", async () => {
      const { registry, view } = await openRegistry(agent.url);
      await registry.join(instanceRecord("h", { serviceName: "H" }));
      await view.until("H", "h passing");
      await hang(agent);
      try {
        const startedMs = performance.now();
        const joining = registry.join(instanceRecord("i", { serviceName: "H" }));
        await Promise.all([
          expect(registry.beat("h")).rejects.toMatchObject(unavailable),
          expect(joining).rejects.toMatchObject(unavailable),
          expect(registry.ping()).rejects.toMatchObject(unavailable),
          expect(registry.beat("unknown")).rejects.toMatchObject(unavailable),
        ]);
        await expect(registry.leave("h")).rejects.toMatchObject(unavailable);
        expect(performance.now() - startedMs).toBeLessThan(10_000);
        expect(view.summary("H")).toEqual(["h passing"]);
      } finally {
        agent.signal("SIGCONT");
      }
      expect(await registry.beat("h")).toBe(true);
      await registry.leave("h");
    });

    it("is used with a token where it wants one", async () => {
      const secret = "0f7d2d9e-5f0b-4b0e-9d1c-5c8a3b9e4f11";
      const acl = { enabled: true, default_policy: "deny", tokens: { master: secret, agent: secret } };
      const guarded = await startConsul(program, { primary_datacenter: "dc1", acl });
      try {
        const { registry, view } = await openRegistry(guarded.url, { token: secret });
        await waitUntilJoined(registry);
        await view.until("S", "a passing");
        const stranger = await openRegistry(guarded.url);
        await expect(stranger.registry.join(instanceRecord("b"))).rejects.toMatchObject(unavailable);
        expect(stranger.view.told).toEqual([]);
        const wrong = await openRegistry(guarded.url, { token: "1f7d2d9e-5f0b-4b0e-9d1c-5c8a3b9e4f11" });
        await expect(wrong.registry.join(instanceRecord("b"))).rejects.toMatchObject(unavailable);
      } finally {
        await guarded.dispose();
      }
    });

    it("is used over TLS, with a certificate of the gateway's own", async () => {
      const directory = createTemporaryDirectory();
      const pem = (name: string) => readFileSync(join(directory.path, name), "utf8");
      const tls = (...args: string[]) => spawnSync(program.path, ["tls", ...args], { cwd: directory.path });
      tls("ca", "create");
      tls("cert", "create", "-server");
      tls("cert", "create", "-client");
      const guarded = await startConsul(program, {
        ca_file: join(directory.path, "consul-agent-ca.pem"),
        cert_file: join(directory.path, "dc1-server-consul-0.pem"),
        key_file: join(directory.path, "dc1-server-consul-0-key.pem"),
        verify_incoming: true,
      });
      try {
        const ca = pem("consul-agent-ca.pem");
        const own = { cert: pem("dc1-client-consul-0.pem"), key: pem("dc1-client-consul-0-key.pem") };
        const { registry, view } = await openRegistry(guarded.url, { tls: { ca, ...own, serverName: "server.dc1.consul" } });
        await registry.join(instanceRecord("a"));
        await view.until("S", "a passing");
        const strangers = [{ ...own }, { ca }, { ca, ...own, serverName: "server.dc2.consul" }];
        for (const stranger of strangers) {
          const other = createConsulRegistry({ urls: [guarded.url], clock: systemClock, ...times, tls: stranger });
          registries.push(other);
          void other.open();
          await expect(other.join(instanceRecord("b"))).rejects.toMatchObject(unavailable);
        }
      } finally {
        await guarded.dispose();
        directory.remove();
      }
    });
  });

  it("removes what stays critical: it is remembered, and back with its beat", { timeout: 4 * MINUTE_MS }, async () => {
    await expect(removal).resolves.toBeUndefined();
  });
});

async function removeByConsul(agent: ConsulAgentProcess): Promise<void> {
  const shortest = { timeToLiveMs: 1_000, timeToDieMs: MINUTE_MS, rememberMs: 60 * MINUTE_MS };
  const registry = createConsulRegistry({ urls: [agent.url], clock: systemClock, ...shortest });
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
  }
}

/** ACLs are not there before a leader has made them. */
async function waitUntilJoined(registry: Registry): Promise<void> {
  for (;;) {
    try {
      return await registry.join(instanceRecord("a"));
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
