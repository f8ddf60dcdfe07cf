import { resolve } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { consul, describeWith, mongod } from "../support/components.ts";
import { startConsul, startConsulCluster } from "../support/consul.ts";
import { findConsuls } from "../support/consul-program.ts";
import { idlText, register, request, serviceBody } from "../support/gateway-client.ts";
import type { GatewayProcess } from "../support/gateway-process.ts";
import { partsOf, registryAt, servedRevision, startGateways, statusOf, stopAll, untilAll, update } from "../support/gateways.ts";
import { hang } from "../support/hang.ts";
import { type MongoDeployment, startReplicaSet, startStandalone } from "../support/mongod.ts";
import { repository, startProgram } from "../support/program.ts";
import { startSteadyCalls } from "../support/steady-calls.ts";

const assetService = resolve(repository, "rpc-services/asset-service/dist/main.js");
const assets = { name: "AssetManagement", idl: idlText("asset_management.thrift"), paths: { getAsset: "queryAsset" } };
const CALL = "/AssetManagement/getAsset?ID=1";
/** At each gateway, in each state of MongoDB and Consul. */
const CALLS = 150;
/** Each request has 5 s to answer; a caller of a busy machine gets it a little later. */
const ANSWERED_MS = 7_500;
/** Of a primary that was elected: 5 s are allowed, 1 is usual. */
const TAKEN_AGAIN_MS = 10_000;
/** How long both stay hung beyond what is looked at meanwhile. */
const HUNG_MS = process.env.FULL === "1" ? 60_000 : 0;

type Three = [GatewayProcess, GatewayProcess, GatewayProcess];

/** Three gateways whose servers beat every second, until the end of the test. */
async function install(mongo: MongoDeployment, registries: readonly string[]) {
  const gateways = (await startGateways(mongo.url, registries, { timeToLiveSeconds: 3 })) as Three;
  onTestFinished(() => stopAll(gateways));
  const key = await register(gateways[0].url, "acme", [assets]);
  const addresses = gateways.flatMap(({ url }) => ["--gateway", url]);
  const startServer = async (transport: "framed" | "buffered") => {
    const server = startProgram([assetService, ...addresses, "--transport", transport], { env: { API_KEY: key } });
    await server.says(/joined/);
  };
  await Promise.all([startServer("framed"), startServer("buffered")]);
  await untilAll(gateways, statusOf(CALL), 200);

  let changes = 0;
  /** At the next gateway; resolves to its status. */
  const change = async () => {
    const version = String(++changes);
    const changed = await update(gateways[changes % 3]!, "acme", key, [{ ...serviceBody(assets), Version: version }]);
    return changed.status;
  };
  return {
    gateways,
    key,
    startServer,
    change,
    /** Until one is taken again, and all gateways are in step with it. */
    async untilInStep() {
      await expect.poll(change, { timeout: 20_000, interval: 10 }).toBe(200);
      const { items } = (await request(`${gateways[0].adminUrl}/admin/v1/revisions?service=AssetManagement&limit=1000`)).json;
      await untilAll(gateways, servedRevision("AssetManagement"), items.at(-1).revision);
    },
    startCalls: () => startSteadyCalls(gateways.map(({ url }) => url + CALL)),
  };
}

async function passingServers({ adminUrl }: GatewayProcess): Promise<number> {
  const { instances } = (await request(`${adminUrl}/admin/v1/services/AssetManagement`)).json;
  return instances.filter(({ health }: { health: string }) => health === "passing").length;
}

async function expectAnswers(requests: readonly Promise<{ readonly status: number }>[], status: number): Promise<void> {
  const begun = performance.now();
  expect((await Promise.all(requests)).map((answer) => answer.status)).toEqual(requests.map(() => status));
  expect(performance.now() - begun).toBeLessThan(ANSWERED_MS);
}

describeWith(mongod, "three gateways answer every call", () => {
  describeWith(consul, "and are in step again", () => {
    it("while MongoDB and Consul are killed, restarted, hung", { timeout: 300_000 }, async () => {
      const [mongo, agent] = await Promise.all([startStandalone(), startConsul(findConsuls()[0]!)]);
      onTestFinished(mongo.dispose);
      onTestFinished(agent.dispose);
      const [server] = mongo.servers;
      const { gateways, key, change, untilInStep, startCalls } = await install(
        mongo,
        [1, 2, 3].map(() => registryAt(agent)),
      );
      const calls = startCalls();
      await calls.goOn(CALLS);

      for (const fault of [["store"], ["registry"], ["store", "registry"]]) {
        if (fault.includes("store")) await server!.kill();
        if (fault.includes("registry")) await agent.kill();
        await untilAll(gateways, partsOf, {
          store: fault.includes("store") ? "unavailable" : "ok",
          registry: fault.includes("registry") ? "unavailable" : "ok",
        });
        await calls.goOn(CALLS);
        if (fault.includes("store")) await server!.restart();
        if (fault.includes("registry")) await agent.restart();
        await untilAll(gateways, partsOf, { store: "ok", registry: "ok" });
        await untilInStep();
        await calls.goOn(CALLS);
      }
      await agent.catalogUntil((services) => services.includes("AssetManagement"));

      await hang(server!);
      await hang(agent);
      const hungAt = performance.now();
      const unknown = { ApiKey: key, ServerID: "00000000-0000-4000-8000-000000000000" };
      do {
        const beats = gateways.map(({ url }) => request(`${url}/health`, { method: "POST", json: unknown }));
        const looks = gateways.map(({ adminUrl }) => request(`${adminUrl}/ready`));
        await expectAnswers([...looks, ...beats, change().then((status) => ({ status }))], 503);
        await calls.goOn(CALLS);
      } while (performance.now() < hungAt + HUNG_MS);
      server!.signal("SIGCONT");
      agent.signal("SIGCONT");
      await untilInStep();
      await untilAll(gateways, partsOf, { store: "ok", registry: "ok" });
      await calls.goOn(CALLS);
      expect(await calls.stop()).toEqual([]);
    });

    it("while the primary of MongoDB and the leader of Consul are killed", { timeout: 300_000 }, async () => {
      const [mongo, cluster] = await Promise.all([startReplicaSet(), startConsulCluster(findConsuls()[0]!)]);
      onTestFinished(mongo.dispose);
      onTestFinished(cluster.dispose);
      const [a, b, c] = cluster.agents;
      const { gateways, startServer, change, untilInStep, startCalls } = await install(mongo, [
        registryAt(a!, b!, c!),
        registryAt(b!, c!, a!),
        registryAt(c!, a!, b!),
      ]);
      const calls = startCalls();
      await calls.goOn(CALLS);

      const [primary, leader] = await Promise.all([mongo.primary(), cluster.leader()]);
      await Promise.all([primary.kill(), leader.kill()]);
      await mongo.primary();
      const elected = performance.now();
      await expect.poll(change, { timeout: 20_000, interval: 10 }).toBe(200);
      expect(performance.now() - elected).toBeLessThan(TAKEN_AGAIN_MS);
      await untilInStep();
      await calls.goOn(CALLS);

      await untilAll(gateways, partsOf, { store: "ok", registry: "ok" });
      await startServer("framed");
      await untilAll(gateways, passingServers, 3);
      await calls.goOn(CALLS);
      expect(await calls.stop()).toEqual([]);
    });
  });
});
