import { resolve } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { consul, describeWith } from "../support/components.ts";
import { startConsul } from "../support/consul.ts";
import { findConsuls } from "../support/consul-program.ts";
import { idlText, register, request } from "../support/gateway-client.ts";
import { startGatewayProcess } from "../support/gateway-process.ts";
import { repository, startProgram } from "../support/program.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const assetService = resolve(repository, "rpc-services/asset-service/dist/main.js");
const service = {
  name: "AssetManagement",
  idl: idlText("asset_management.thrift"),
  paths: { getAsset: "queryAsset" },
};
/** Of calls, in each state of Consul. */
const CALLS = 300;

describeWith(consul, "a gateway with its registry in Consul", () => {
  it.each(findConsuls())(
    "$version: callers do not notice that Consul is hung, killed, or back without its data",
    async (program) => {
      const agent = await startConsul(program);
      onTestFinished(() => agent.dispose());
      const args = ["--registry", agent.url.replace("http:", "consul:")];
      const gateway = await startGatewayProcess({ args, config: { timeToLiveSeconds: 3 } });
      onTestFinished(() => gateway.stop());
      const apiKey = await register(gateway.url, "owner", [service]);
      const server = startProgram([assetService, "--data-dir", temporaryDirectory(), "--gateway", gateway.url], {
        env: { API_KEY: apiKey },
      });
      await server.says(/joined/);
      expect(JSON.stringify(await agent.api("GET", "/v1/agent/services"))).not.toContain(apiKey);

      const failures: unknown[] = [];
      const call = async () => {
        const { status, text } = await request(`${gateway.url}/AssetManagement/getAsset?ID=1`);
        if (status !== 200) failures.push(text);
      };
      const callOften = async () => {
        for (let i = 0; i < CALLS; i++) await call();
      };
      const ready = () => request(`${gateway.adminUrl}/ready`);

      await callOften();
      expect(await ready()).toMatchObject({ status: 200, json: { registry: "ok", registryAgeMs: expect.any(Number) } });

      agent.signal("SIGSTOP");
      await callOften();
      expect(await ready()).toMatchObject({ status: 503, json: { registry: "unavailable", registryAgeMs: expect.any(Number) } });
      agent.signal("SIGCONT");
      await callOften();

      await agent.kill();
      await callOften();
      await agent.restart();
      const isBack = agent.catalogUntil((services) => services.includes("AssetManagement"));
      let isWaiting = true;
      void isBack.finally(() => (isWaiting = false));
      while (isWaiting) await call();
      await callOften();
      expect(failures).toEqual([]);
      expect(await ready()).toMatchObject({ status: 200, json: { registry: "ok" } });
    },
  );
});
