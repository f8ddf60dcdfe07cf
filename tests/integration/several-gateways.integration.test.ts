import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { consul, describeWith, mongod } from "../support/components.ts";
import { type ConsulAgentProcess, startConsul, startConsulCluster } from "../support/consul.ts";
import { findConsuls } from "../support/consul-program.ts";
import { connect, register, request, serviceBody } from "../support/gateway-client.ts";
import type { GatewayProcess } from "../support/gateway-process.ts";
import { registryAt, servedRevision, startGateways, statusOf, stopAll, untilAll, update } from "../support/gateways.ts";
import { type MongoDeployment, startReplicaSet, startStandalone } from "../support/mongod.ts";
import { startSteadyCalls } from "../support/steady-calls.ts";
import { startThriftPeer } from "../support/thrift-peer.ts";

/** One method, at a path of this name: a call there tells which change is served. */
const serviceAt = (name: string, path: string) => ({ name, idl: `service ${name} { void m() }`, paths: { [path]: "m" } });
const CHANGES = 8;
/** One after the other, each at the next gateway. */
const ALTERNATING_CHANGES = 30;
/** Contended ones that are accepted; with `FULL=1`, all that a minute allows. */
const CONTENDED_CHANGES = 100;
const CONTENTION_MS = process.env.FULL === "1" ? 60_000 : 0;

const deployments = [
  { kind: "a replica set", startMongo: startReplicaSet },
  { kind: "a standalone server", startMongo: startStandalone },
] as const;

async function startOneAgent() {
  const agent = await startConsul(findConsuls()[0]!);
  return { agents: [agent, agent], dispose: agent.dispose };
}

function post(gateway: GatewayProcess, path: string, json: object) {
  return request(`${gateway.url}${path}`, { method: "POST", json });
}

/** All of it, page by page. */
async function history({ adminUrl }: GatewayProcess, service: string) {
  const items: { readonly revision: number; readonly version: string }[] = [];
  for (let after: string | undefined = ""; after !== undefined; ) {
    const { json } = await request(`${adminUrl}/admin/v1/revisions?service=${service}&limit=1000${after && `&after=${after}`}`);
    items.push(...json.items);
    after = json.next;
  }
  return items;
}

async function healthOf({ adminUrl }: GatewayProcess): Promise<string[]> {
  const { json } = await request(`${adminUrl}/admin/v1/services/Moving`);
  return json.instances.map(({ health }: { health: string }) => health);
}

describeWith(mongod, "three gateways on MongoDB and Consul", () => {
  describeWith(consul, "which share both", () => {
    describe.each(deployments)("on $kind", { timeout: 180_000 }, ({ startMongo }) => {
      let mongo: MongoDeployment;
      let agent: ConsulAgentProcess;
      let gateways: readonly GatewayProcess[];
      beforeAll(async () => {
        [mongo, agent] = await Promise.all([startMongo(), startConsul(findConsuls()[0]!)]);
        gateways = await startGateways(
          mongo.url,
          [agent, agent, agent].map((each) => registryAt(each)),
        );
      });
      afterAll(async () => {
        await stopAll(gateways);
        await Promise.all([mongo.dispose(), agent.dispose()]);
      });

      it("serve each other's changes and take each other's keys", async () => {
        const peer = await startThriftPeer();
        onTestFinished(peer.close);
        const key = await register(gateways[0]!.url, "sharing", [serviceAt("Shared", "p0")]);
        for (const gateway of gateways) expect((await update(gateway, "sharing", "wrong", [])).status).toBe(401);
        await untilAll(gateways, servedRevision("Shared"), 1);
        await connect(gateways[1]!.url, key, "Shared", peer.port);
        await untilAll(gateways, statusOf("/Shared/p0"), 200);

        for (let change = 1; change <= CHANGES; change++) {
          const services = [serviceBody(serviceAt("Shared", `p${change}`))];
          const changed = await update(gateways[change % 3]!, "sharing", key, services);
          expect(changed.status, changed.text).toBe(200);
          await untilAll(gateways, statusOf(`/Shared/p${change}`), 200);
          await untilAll(gateways, statusOf(`/Shared/p${change - 1}`), 404);
        }
      });

      it("lose no update of a service that all change, in turn and at once", async () => {
        const change = (gateway: GatewayProcess, key: string, version: string, ifMatch?: string) => {
          const service = { ...serviceBody(serviceAt("Contended", "p")), Version: version };
          return update(gateway, "contending", key, [service], ifMatch);
        };
        const key = await register(gateways[0]!.url, "contending", [serviceAt("Contended", "p")]);
        await untilAll(gateways, servedRevision("Contended"), 1);

        const accepted = new Set<string>();
        let tag: string | null = '"1"';
        for (let turn = 1; turn <= ALTERNATING_CHANGES; turn++) {
          const changed = await change(gateways[turn % 3]!, key, `turn.${turn}`, tag!);
          expect(changed.status, changed.text).toBe(200);
          accepted.add(`turn.${turn}`);
          tag = changed.headers.get("etag");
        }

        /** Nobody knows what became of these. */
        const unanswered = new Set<string>();
        const others = new Set<number>();
        const acceptedBy = gateways.map(() => 0);
        const enough = accepted.size + CONTENDED_CHANGES;
        const until = performance.now() + CONTENTION_MS;
        await Promise.all(
          gateways.map(async (gateway, author) => {
            let seen = tag;
            for (let count = 1; accepted.size < enough || acceptedBy.includes(0) || performance.now() < until; count++) {
              const version = `${author}.${count}`;
              const isConditional = count % 2 === 0;
              const { status, headers } = await change(gateway, key, version, isConditional ? seen! : undefined);
              if (status === 200) {
                accepted.add(version);
                acceptedBy[author]! += 1;
                seen = headers.get("etag");
              } else if (status === 503) unanswered.add(version);
              else {
                expect(status).toBe(isConditional ? 412 : 409);
                others.add(status);
              }
            }
          }),
        );
        expect(others).toEqual(new Set([409, 412]));

        const [first, ...changes] = await history(gateways[0]!, "Contended");
        expect(first?.revision).toBe(1);
        expect(changes.map(({ revision }) => revision)).toEqual(changes.map((_, index) => index + 2));
        const versions = changes.map(({ version }) => version);
        expect(new Set(versions).size).toBe(versions.length);
        expect(new Set(versions.filter((version) => !unanswered.has(version)))).toEqual(accepted);
        await untilAll(gateways, servedRevision("Contended"), changes.length + 1);
        for (const gateway of gateways) expect(await history(gateway, "Contended")).toEqual([first, ...changes]);
      });
    });

    it.each([
      { what: "one agent", startAgents: startOneAgent },
      { what: "an agent each of one Consul", startAgents: () => startConsulCluster(findConsuls()[0]!) },
    ])("with $what: a server beats, leaves and comes back at any of them", { timeout: 180_000 }, async ({ startAgents }) => {
      const [mongo, consulServers] = await Promise.all([startStandalone(), startAgents()]);
      onTestFinished(mongo.dispose);
      onTestFinished(consulServers.dispose);
      const registries = consulServers.agents.slice(0, 2).map((agent) => registryAt(agent));
      const gateways = await startGateways(mongo.url, registries, { timeToLiveSeconds: 4 });
      onTestFinished(() => stopAll(gateways));
      const [one, other] = gateways as [GatewayProcess, GatewayProcess];
      const peer = await startThriftPeer();
      onTestFinished(peer.close);
      const ApiKey = await register(one.url, "acme", [serviceAt("Moving", "p")]);
      await untilAll(gateways, servedRevision("Moving"), 1);
      const ServerID = await connect(one.url, ApiKey, "Moving", peer.port);
      await untilAll(gateways, healthOf, ["passing"]);

      // For longer than the server would live without.
      const calls = startSteadyCalls(gateways.map(({ url }) => `${url}/Moving/p`));
      for (const joined = performance.now(); performance.now() < joined + 6_000; ) {
        expect((await post(other, "/health", { ApiKey, ServerID })).status).toBe(200);
        await calls.goOn(100);
      }
      expect(await calls.stop()).toEqual([]);
      await untilAll(gateways, healthOf, ["passing"]);
      expect((await post(other, "/health", { ApiKey: "wrong", ServerID })).status).toBe(401);

      expect((await post(other, "/disconnect", { ApiKey, ServerID })).status).toBe(200);
      await untilAll(gateways, statusOf("/Moving/p"), 503);
      await untilAll(gateways, healthOf, []);
      await untilAll(gateways, async (gateway) => (await post(gateway, "/health", { ApiKey, ServerID })).status, 404);

      expect(await connect(other.url, ApiKey, "Moving", peer.port)).toBe(ServerID);
      await untilAll(gateways, statusOf("/Moving/p"), 200);
    });
  });
});
