import { resolve } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { consul, describeWith } from "../support/components.ts";
import { startConsul } from "../support/consul.ts";
import { findConsuls } from "../support/consul-program.ts";
import { idlText, register, request } from "../support/gateway-client.ts";
import { startGatewayProcess } from "../support/gateway-process.ts";
import { registryAt } from "../support/gateways.ts";
import { hang } from "../support/hang.ts";
import { repository, startProgram } from "../support/program.ts";
import { startSteadyCalls } from "../support/steady-calls.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startThriftPeer } from "../support/thrift-peer.ts";

const assetService = resolve(repository, "rpc-services/asset-service/dist/main.js");
const service = {
  name: "AssetManagement",
  idl: idlText("asset_management.thrift"),
  paths: { getAsset: "queryAsset" },
};
/** Of calls, in each state of Consul. */
const CALLS = 150;

describeWith(consul, "a gateway with its registry in Consul", () => {
  it.each(findConsuls())(
    "$version: callers do not notice that Consul is hung, killed, or back without its data",
    async (program) => {
      const agent = await startConsul(program);
      onTestFinished(() => agent.dispose());
      const args = ["--registry", registryAt(agent)];
      const gateway = await startGatewayProcess({ args, config: { timeToLiveSeconds: 3 } });
      onTestFinished(() => gateway.stop());
      const apiKey = await register(gateway.url, "owner", [service]);
      const server = startProgram([assetService, "--data-dir", temporaryDirectory(), "--gateway", gateway.url], {
        env: { API_KEY: apiKey },
      });
      await server.says(/joined/);
      expect(JSON.stringify(await agent.api("GET", "/v1/agent/services"))).not.toContain(apiKey);

      const calls = startSteadyCalls([`${gateway.url}/AssetManagement/getAsset?ID=1`]);
      const ready = () => request(`${gateway.adminUrl}/ready`);

      await calls.goOn(CALLS);
      expect(await ready()).toMatchObject({ status: 200, json: { registry: "ok", registryAgeMs: expect.any(Number) } });

      await hang(agent);
      await calls.goOn(CALLS);
      expect(await ready()).toMatchObject({ status: 503, json: { registry: "unavailable", registryAgeMs: expect.any(Number) } });
      agent.signal("SIGCONT");
      await calls.goOn(CALLS);

      await agent.kill();
      await calls.goOn(CALLS);
      await agent.restart();
      await agent.catalogUntil((services) => services.includes("AssetManagement"));
      await calls.goOn(CALLS);
      expect(await calls.stop()).toEqual([]);
      await expect.poll(ready, { timeout: 20_000 }).toMatchObject({ status: 200, json: { registry: "ok" } });
    },
  );

  it("answers the first call of a service at once, since nothing is asked of Consul for it", async () => {
    const agent = await startConsul(findConsuls()[0]!);
    onTestFinished(agent.dispose);
    const gateway = await startGatewayProcess({ args: ["--registry", registryAt(agent)] });
    onTestFinished(() => gateway.stop());
    const peer = await startThriftPeer();
    onTestFinished(peer.close);
    await register(gateway.url, "owner", [{ name: "Idle", idl: "service Idle { void m() }", paths: ["m"] }]);
    const own = { ID: "own", Name: "Idle", Address: peer.host, Port: peer.port };
    await agent.api("PUT", "/v1/agent/service/register", own);
    const instances = async () => (await request(`${gateway.adminUrl}/admin/v1/services/Idle`)).json.instances.length;
    await expect.poll(instances, { timeout: 20_000 }).toBe(1);
    await hang(agent);
    expect(await request(`${gateway.url}/Idle/m`)).toMatchObject({ status: 200 });
  });
});
