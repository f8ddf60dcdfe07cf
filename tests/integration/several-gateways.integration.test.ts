import { resolve } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { consul, describeWith, mongod } from "../support/components.ts";
import { type ConsulAgentProcess, startConsul } from "../support/consul.ts";
import { findConsuls } from "../support/consul-program.ts";
import { connect, idlText, register, request, serviceBody } from "../support/gateway-client.ts";
import { type GatewayProcess, startGatewayProcess } from "../support/gateway-process.ts";
import { type MongoDeployment, startReplicaSet, startStandalone } from "../support/mongod.ts";
import { repository, startProgram } from "../support/program.ts";
import { startThriftPeer } from "../support/thrift-peer.ts";

const assetService = resolve(repository, "rpc-services/asset-service/dist/main.js");
const assets = { name: "AssetManagement", idl: idlText("asset_management.thrift"), paths: { getAsset: "queryAsset" } };
/** One method, at a path of this name: a call there tells which change is served. */
const serviceAt = (path: string) => ({ name: "S", idl: "service S { void m() }", paths: { [path]: "m" } });
/** Far beyond what a change takes, so that a busy machine fails no test; bench/README.md has the times. */
const SOON = { timeout: 10_000, interval: 10 };
const CHANGES = 12;
const CONTENTION_MS = 5_000;
/** Of calls at each gateway, in each state of MongoDB and Consul. */
const CALLS = 150;

interface Installation {
  readonly mongo: MongoDeployment;
  readonly agent: ConsulAgentProcess;
  readonly gateways: readonly GatewayProcess[];
}

async function install(
  startMongo: () => Promise<MongoDeployment>,
  config: Readonly<Record<string, unknown>> = {},
): Promise<Installation> {
  const mongo = await startMongo();
  onTestFinished(mongo.dispose);
  const agent = await startConsul(findConsuls()[0]!);
  onTestFinished(agent.dispose);
  const args = ["--store", mongo.url, "--registry", agent.url.replace("http:", "consul:")];
  const gateways = await Promise.all(
    [1, 2, 3].map(async () => {
      const gateway = await startGatewayProcess({ args, config });
      onTestFinished(() => gateway.stop());
      return gateway;
    }),
  );
  return { mongo, agent, gateways };
}

function update({ url }: GatewayProcess, apikey: string, service: object) {
  const owner = { OwnerId: "acme", OwnerName: "acme", Services: [service] };
  return request(`${url}/update?ownerid=acme`, { method: "PUT", headers: { apikey }, json: [owner] });
}

async function untilAll(gateways: readonly GatewayProcess[], look: (gateway: GatewayProcess) => Promise<unknown>, is: unknown) {
  await Promise.all(gateways.map((gateway) => expect.poll(() => look(gateway), SOON).toEqual(is)));
}

const statusOf = (path: string) => async (gateway: GatewayProcess) => (await request(`${gateway.url}${path}`)).status;

function post(gateway: GatewayProcess, path: string, json: object) {
  return request(`${gateway.url}${path}`, { method: "POST", json });
}

async function healthOf({ adminUrl }: GatewayProcess): Promise<string[]> {
  const { json } = await request(`${adminUrl}/admin/v1/services/S`);
  return json.instances.map(({ health }: { health: string }) => health);
}

/** All of it, page by page. */
async function history({ adminUrl }: GatewayProcess) {
  const items: { readonly revision: number; readonly version: string }[] = [];
  for (let after: string | undefined = ""; after !== undefined; ) {
    const { json } = await request(`${adminUrl}/admin/v1/revisions?service=S&limit=1000${after && `&after=${after}`}`);
    items.push(...json.items);
    after = json.next;
  }
  return items;
}

async function servedRevision({ adminUrl }: GatewayProcess): Promise<number> {
  return (await request(`${adminUrl}/admin/v1/services/S`)).json.servedRevision;
}

const deployments = [
  { kind: "a replica set", start: startReplicaSet },
  { kind: "a standalone server", start: startStandalone },
] as const;

describeWith(mongod, "three gateways on MongoDB and Consul", () => {
  describeWith(consul, "which share both", () => {
    it.each(deployments)("on $kind: serve each other's changes and take each other's keys", { timeout: 120_000 }, async (on) => {
      const { gateways } = await install(on.start);
      const peer = await startThriftPeer();
      onTestFinished(peer.close);
      const key = await register(gateways[0]!.url, "acme", [serviceAt("p0")]);
      for (const gateway of gateways) expect((await update(gateway, "wrong", {})).status).toBe(401);
      await untilAll(gateways, servedRevision, 1);
      await connect(gateways[1]!.url, key, "S", peer.port);
      await untilAll(gateways, statusOf("/S/p0"), 200);

      for (let change = 1; change <= CHANGES; change++) {
        const changed = await update(gateways[change % 3]!, key, serviceBody(serviceAt(`p${change}`)));
        expect(changed.status, changed.text).toBe(200);
        await untilAll(gateways, statusOf(`/S/p${change}`), 200);
        await untilAll(gateways, statusOf(`/S/p${change - 1}`), 404);
      }
    });

    it.each(deployments)("on $kind: lose no update when two change a service at once", { timeout: 120_000 }, async (on) => {
      const { gateways } = await install(on.start);
      const key = await register(gateways[0]!.url, "acme", [serviceAt("p")]);
      await untilAll(gateways, servedRevision, 1);

      const accepted: string[] = [];
      const others = new Set<number>();
      const until = performance.now() + CONTENTION_MS;
      const change = async (gateway: GatewayProcess, author: string) => {
        for (let count = 1; performance.now() < until; count++) {
          const version = `${author}.${count}`;
          const { status } = await update(gateway, key, { ...serviceBody(serviceAt("p")), Version: version });
          if (status === 200) accepted.push(version);
          else others.add(status);
        }
      };
      await Promise.all([change(gateways[0]!, "one"), change(gateways[1]!, "other")]);

      for (const author of ["one", "other"]) expect(accepted.some((version) => version.startsWith(author))).toBe(true);
      expect([...others].filter((status) => status !== 409)).toEqual([]);
      await untilAll(gateways, servedRevision, accepted.length + 1);
      for (const gateway of gateways) {
        const [first, ...changes] = await history(gateway);
        expect(first?.revision).toBe(1);
        expect(changes.map(({ revision }) => revision)).toEqual(accepted.map((_, index) => index + 2));
        expect(new Set(changes.map(({ version }) => version))).toEqual(new Set(accepted));
      }
    });

    it("a server beats, leaves and comes back at any of them", { timeout: 120_000 }, async () => {
      const { gateways } = await install(startStandalone, { timeToLiveSeconds: 4 });
      const [first, second, third] = gateways as [GatewayProcess, GatewayProcess, GatewayProcess];
      const peer = await startThriftPeer();
      onTestFinished(peer.close);
      const ApiKey = await register(first.url, "acme", [serviceAt("p")]);
      await untilAll(gateways, servedRevision, 1);
      const ServerID = await connect(first.url, ApiKey, "S", peer.port);
      await untilAll(gateways, healthOf, ["passing"]);

      // For longer than the server would live without, with calls until the next beat is due.
      const joined = performance.now();
      for (let beats = 0; performance.now() < joined + 6_000; ) {
        for (const gateway of gateways) expect(await statusOf("/S/p")(gateway)).toBe(200);
        if (performance.now() < joined + beats * 1_000) continue;
        expect((await post([second, third][beats % 2]!, "/health", { ApiKey, ServerID })).status).toBe(200);
        beats += 1;
      }
      await untilAll(gateways, healthOf, ["passing"]);
      expect((await post(second, "/health", { ApiKey: "wrong", ServerID })).status).toBe(401);

      expect((await post(third, "/disconnect", { ApiKey, ServerID })).status).toBe(200);
      await untilAll(gateways, statusOf("/S/p"), 503);
      await untilAll(gateways, healthOf, []);
      await untilAll(gateways, async (gateway) => (await post(gateway, "/health", { ApiKey, ServerID })).status, 404);

      expect(await connect(second.url, ApiKey, "S", peer.port)).toBe(ServerID);
      await untilAll(gateways, statusOf("/S/p"), 200);
    });

    it("answer every call while MongoDB and Consul die and come back", { timeout: 120_000 }, async () => {
      const { gateways, mongo, agent } = await install(startStandalone, { timeToLiveSeconds: 3 });
      const [server] = mongo.servers;
      const apiKey = await register(gateways[0]!.url, "acme", [assets]);
      const addresses = gateways.flatMap(({ url }) => ["--gateway", url]);
      for (const transport of ["framed", "buffered"]) {
        const program = startProgram([assetService, ...addresses, "--transport", transport], { env: { API_KEY: apiKey } });
        await program.says(/joined/);
      }
      const call = "/AssetManagement/getAsset?ID=1";
      await untilAll(gateways, statusOf(call), 200);

      const failures: string[] = [];
      const counts = gateways.map(() => 0);
      const over = new AbortController();
      const streams = gateways.map(async ({ url }, index) => {
        while (!over.signal.aborted) {
          const { status, text } = await request(url + call);
          if (status !== 200) failures.push(`${status} ${text}`);
          counts[index]! += 1;
        }
      });
      const callsGoOn = async () => {
        const before = [...counts];
        await expect.poll(() => counts.every((count, index) => count >= before[index]! + CALLS), { timeout: 30_000 }).toBe(true);
      };
      const untilReady = (ready: object) =>
        untilAll(
          gateways,
          async ({ adminUrl }) => {
            const { store, registry } = (await request(`${adminUrl}/ready`)).json;
            return { store: store ?? "unavailable", registry: registry ?? "ok" };
          },
          ready,
        );

      await callsGoOn();
      for (const fault of [["store"], ["registry"], ["store", "registry"]]) {
        if (fault.includes("store")) await server!.kill();
        if (fault.includes("registry")) await agent.kill();
        await untilReady({
          store: fault.includes("store") ? "unavailable" : "ok",
          registry: fault.includes("registry") ? "unavailable" : "ok",
        });
        await callsGoOn();
        if (fault.includes("store")) await server!.restart();
        if (fault.includes("registry")) await agent.restart();
        await untilReady({ store: "ok", registry: "ok" });
        await callsGoOn();
      }
      await agent.catalogUntil((services) => services.includes("AssetManagement"));
      await callsGoOn();
      over.abort();
      await Promise.all(streams);
      expect(failures).toEqual([]);

      const changed = { ...assets, paths: { queryAsset: "queryAsset" } };
      expect((await update(gateways[2]!, apiKey, serviceBody(changed))).status).toBe(200);
      await untilAll(gateways, statusOf("/AssetManagement/queryAsset?ID=1"), 200);
    });
  });
});
