import { resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { consul, describeWith } from "../support/components.ts";
import { type ConsulAgentProcess, startConsul } from "../support/consul.ts";
import { findConsuls } from "../support/consul-program.ts";
import { connection, registration } from "../support/control-plane.ts";
import { type GatewayProcess, startGatewayProcess } from "../support/gateway-process.ts";
import { hang } from "../support/hang.ts";
import { type Program, repository, startProgram } from "../support/program.ts";
import { echo, startThriftPeer } from "../support/thrift-peer.ts";

const SECRET = "a-secret-that-gateways-share";
const main = resolve(repository, "rpc-services/registry-proxy/dist/main.js");

interface AgentService {
  readonly ID: string;
  readonly Service: string;
  readonly Address: string;
  readonly Port: number;
  readonly Meta: Readonly<Record<string, string>>;
}

interface Check {
  readonly Status: string;
}

describeWith(consul, "registry proxies", () => {
  let agent: ConsulAgentProcess;
  /** Of the gateway alone, so that what it did itself is told from what a proxy did. */
  let other: ConsulAgentProcess;
  beforeAll(async () => {
    const [program] = findConsuls();
    agent = await startConsul(program!);
    other = await startConsul(program!);
  });
  afterAll(() => Promise.all([agent.dispose(), other.dispose()]));

  async function startProxy(): Promise<Program & { readonly port: number }> {
    const args = [main, "--registry", agent.url.replace("http", "consul")];
    const proxy = startProgram(args, { env: { THRIFTGATE_PROXY_SECRET: SECRET } });
    const [line] = await proxy.says(/^\{"event":"ready".*$/m);
    return { ...proxy, port: (JSON.parse(line) as { port: number }).port };
  }

  async function services(at: ConsulAgentProcess, name: string): Promise<AgentService[]> {
    const all = (await at.api("GET", "/v1/agent/services")) as Record<string, AgentService>;
    return Object.values(all).filter(({ Service }) => Service === name);
  }

  async function post(gateway: GatewayProcess, path: string, body: object) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${gateway.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  }

  /** Until the gateway lists so many proxies that pass. */
  async function untilProxies(gateway: GatewayProcess, count: number): Promise<void> {
    await expect
      .poll(
        async () => {
          const response = await fetch(`${gateway.adminUrl}/admin/v1/instances?service=RegistryProxy`);
          const { items } = (await response.json()) as { items: { health: string }[] };
          return items.filter(({ health }) => health === "passing").length;
        },
        { timeout: 20_000 },
      )
      .toBe(count);
  }

  it("take the work over and lose nothing when they die", async () => {
    const gateway = await startGatewayProcess({
      args: ["--registry", agent.url.replace("http", "consul"), "--log-level", "debug"],
      config: { proxySecret: SECRET },
    });
    const proxies = [await startProxy(), await startProxy()];
    await untilProxies(gateway, 2);
    expect((await services(agent, "RegistryProxy")).map(({ Meta }) => Meta)).toEqual([
      { proxy: "thriftgate" },
      { proxy: "thriftgate" },
    ]);

    const { body: registered } = await post(gateway, "/register", registration());
    const ApiKey = registered["API-Key"]!;
    expect((await post(gateway, "/RegistryProxy/connectServer", {})).status).toBe(404);
    expect((await post(gateway, "/connect", connection(ApiKey, { ServiceName: "RegistryProxy" }))).status).toBe(404);

    const peer = await startThriftPeer({ behaviour: echo });
    const joined = await post(gateway, "/connect", connection(ApiKey, { ServerPort: String(peer.port) }));
    const { ServerID } = joined.body;
    expect(joined).toMatchObject({ status: 200, body: { Status: "ok" } });
    expect((await services(agent, "AssetManagement")).map(({ ID }) => ID)).toEqual([ServerID]);
    expect(JSON.stringify(await agent.api("GET", "/v1/agent/services"))).not.toContain(ApiKey);

    // The check fails; the beat, which a proxy passes on, brings it back.
    const status = async () =>
      ((await agent.api("GET", "/v1/agent/checks")) as Record<string, Check>)[`service:${ServerID}`]?.Status;
    const beatBrings = async () => {
      await agent.api("PUT", `/v1/agent/check/fail/service:${ServerID}`);
      expect(await status()).toBe("critical");
      expect(await post(gateway, "/health", { ApiKey, ServerID })).toMatchObject({ status: 200, body: { Status: "ok" } });
      expect(await status()).toBe("passing");
    };
    await beatBrings();
    expect((await post(gateway, "/health", { ApiKey: `${ApiKey}x`, ServerID })).status).toBe(401);
    expect(await gateway.wholeLog()).not.toContain("registry proxy");

    // Hung, then dead: every beat still counts, and the callers see nothing.
    await hang(proxies[0]!);
    for (let beats = 0; beats < 4; beats += 1) await beatBrings();
    await proxies[0]!.kill();
    await proxies[1]!.kill();
    for (let beats = 0; beats < 4; beats += 1) await beatBrings();
    const log = await gateway.wholeLog();
    expect(log).toContain("a registry proxy can't be used");
    expect(log).not.toContain(SECRET);

    await peer.close();
    await gateway.stop();
  });

  it("do the work where the gateway's own agent is another one", async () => {
    const gateway = await startGatewayProcess({
      args: ["--registry", other.url.replace("http", "consul")],
      config: { proxySecret: SECRET },
    });
    const proxy = await startProxy();
    const found = (await services(agent, "RegistryProxy")).find(({ Port }) => Port === proxy.port)!;
    const { ID, Address, Port, Meta } = found;
    await other.api("PUT", "/v1/agent/service/register", { ID, Name: "RegistryProxy", Address, Port, Meta });
    await untilProxies(gateway, 1);
    const { body: registered } = await post(gateway, "/register", registration());
    const joined = await post(gateway, "/connect", connection(registered["API-Key"]!, { ServerPort: "8123" }));
    expect(joined.status).toBe(200);
    expect((await services(agent, "AssetManagement")).map((service) => service.ID)).toContain(joined.body.ServerID);
    expect(await services(other, "AssetManagement")).toEqual([]);

    proxy.signal("SIGTERM");
    expect(await proxy.exit).toBe(0);
    expect((await services(agent, "RegistryProxy")).map((service) => service.ID)).not.toContain(ID);
    const again = await post(gateway, "/connect", connection(registered["API-Key"]!, { ServerPort: "8124" }));
    expect(again.status).toBe(200);
    expect((await services(other, "AssetManagement")).map((service) => service.ID)).toEqual([again.body.ServerID]);
    await gateway.stop();
  });

  it("do not start without a secret or a Consul", async () => {
    const bare = startProgram([main], { env: { THRIFTGATE_PROXY_SECRET: "" } });
    expect(await bare.exit).toBe(2);
    expect(bare.stderr()).toContain("THRIFTGATE_PROXY_SECRET");
    const embedded = startProgram([main, "--registry", "embedded"], { env: { THRIFTGATE_PROXY_SECRET: SECRET } });
    expect(await embedded.exit).toBe(2);
    expect(embedded.stderr()).toContain("Consul");
  });
});
