import { MongoClient } from "mongodb";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { describeWith, mongod } from "../support/components.ts";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { definitionOf } from "../support/definitions.ts";
import { connect, register, request, serviceBody } from "../support/gateway-client.ts";
import { type GatewayProcess, type GatewayProcessOptions, startGatewayProcess } from "../support/gateway-process.ts";
import { hang } from "../support/hang.ts";
import { openMongoStore, ownerOf, serviceOf } from "../support/mongo-store.ts";
import { type MongoDeployment, startReplicaSet, startStandalone } from "../support/mongod.ts";
import { startSteadyCalls } from "../support/steady-calls.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startThriftPeer } from "../support/thrift-peer.ts";

/** Far beyond what a change takes, so that a busy machine fails no test. */
const SOON = { timeout: 20_000, interval: 10 };
/** Each has 5 s; a caller of a busy machine gets it a little later. */
const ANSWERED_MS = 7_500;
const idl = "service S { void m() }";
const service = (name: string) => ({ name, idl, paths: ["m"] });

async function gatewayOn(url: string, options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess({ ...options, args: ["--store", url, ...(options.args ?? [])] });
  onTestFinished(() => gateway.stop());
  return gateway;
}

async function codeOf({ url }: GatewayProcess, name: string): Promise<string> {
  return (await request(`${url}/${name}/m`)).json.code;
}

async function untilServed(gateway: GatewayProcess, name: string): Promise<void> {
  await expect.poll(() => codeOf(gateway, name), SOON).toBe("NO_HEALTHY_INSTANCE");
}

function update({ url }: GatewayProcess, ownerId: string, apikey: string, names: readonly string[], ifMatch?: string) {
  const headers = { apikey, ...(ifMatch && { "if-match": ifMatch }) };
  const services = names.map((name) => ({ ...serviceBody(service(name)), Version: String(Math.random()) }));
  return request(`${url}/update?ownerid=${ownerId}`, {
    method: "PUT",
    headers,
    json: [{ OwnerId: ownerId, OwnerName: ownerId, Services: services }],
  });
}

/** With a server that answers every call. */
async function serveWithPeer(gateway: GatewayProcess, key: string, name: string): Promise<void> {
  const peer = await startThriftPeer();
  onTestFinished(peer.close);
  await connect(gateway.url, key, name, peer.port);
}

const ready = async ({ adminUrl }: GatewayProcess) => (await request(`${adminUrl}/ready`)).json;

describeWith(mongod, "gateways on MongoDB", () => {
  /** A standalone server that no test harms. */
  let shared: MongoDeployment;
  beforeAll(async () => {
    shared = await startStandalone();
  });
  afterAll(() => shared.dispose());

  it("learn of each other's changes, take each other's keys, and lose no update", { timeout: 120_000 }, async () => {
    const deployment = await startReplicaSet();
    onTestFinished(deployment.dispose);
    const gateways = await Promise.all([1, 2].map(() => gatewayOn(deployment.url)));
    const [one, other] = gateways as [GatewayProcess, GatewayProcess];

    const key = await register(one.url, "acme", [service("First")]);
    await untilServed(other, "First");
    expect((await update(other, "acme", key, ["First", "Second"])).status).toBe(200);
    await untilServed(one, "Second");
    expect((await request(`${one.url}/register`, { method: "POST", json: [{ OwnerId: "acme", OwnerName: "x" }] })).status).toBe(
      409,
    );
    expect((await update(other, "acme", key, [])).status).toBe(200);
    await expect.poll(() => codeOf(one, "First"), SOON).toBe("SERVICE_NOT_FOUND");

    const statuses = await Promise.all(
      Array.from({ length: 20 }, (_, i) => update(gateways[i % 2]!, "acme", key, ["Contended"]).then(({ status }) => status)),
    );
    const accepted = statuses.filter((status) => status === 200).length;
    expect(accepted).toBeGreaterThan(0);
    expect(new Set(statuses)).toEqual(accepted === statuses.length ? new Set([200]) : new Set([200, 409]));
    for (const { adminUrl } of gateways) {
      const { items } = (await request(`${adminUrl}/admin/v1/revisions?service=Contended&limit=100`)).json;
      expect(items.map(({ revision }: { revision: number }) => revision)).toEqual(
        Array.from({ length: accepted }, (_, i) => i + 1),
      );
      const current = () => request(`${adminUrl}/admin/v1/services/Contended`).then(({ json }) => json.servedRevision);
      await expect.poll(current, SOON).toBe(accepted);
    }
    expect((await update(one, "acme", key, ["Contended"], '"1"')).status).toBe(412);
  });

  it("take a key as soon as another one has issued it", { timeout: 120_000 }, async () => {
    // Without change streams, so that only asking is soon enough.
    const [one, other] = (await Promise.all([1, 2].map(() => gatewayOn(shared.url)))) as [GatewayProcess, GatewayProcess];
    const peer = await startThriftPeer();
    onTestFinished(peer.close);
    for (let count = 0; count < 20; count++) {
      const key = await register(one.url, `owner-${count}`, [service(`S${count}`)]);
      await connect(other.url, key, `S${count}`, peer.port);
      expect((await request(`${other.url}/S${count}/m`)).status).toBe(200);
    }
  });

  it("answer and serve when the store is gone, hung and back", { timeout: 120_000 }, async () => {
    const deployment = await startStandalone();
    onTestFinished(deployment.dispose);
    const [server] = deployment.servers;
    const dataDir = temporaryDirectory();
    const first = await gatewayOn(deployment.url, { dataDir });
    const key = await register(first.url, "acme", [service("Kept")]);

    await hang(server!);
    const begun = performance.now();
    const answers = await Promise.all([
      update(first, "acme", key, []),
      request(`${first.url}/register`, { method: "POST", json: [{ OwnerId: "new", OwnerName: "new" }] }),
      request(`${first.adminUrl}/ready`),
      request(`${first.adminUrl}/admin/v1/revisions?service=Kept`),
    ]);
    expect(answers.map(({ status, json }) => [status, json.code])).toEqual(answers.map(() => [503, "STORE_UNAVAILABLE"]));
    expect(performance.now() - begun).toBeLessThan(ANSWERED_MS);
    expect(await codeOf(first, "Kept")).toBe("NO_HEALTHY_INSTANCE");
    server!.signal("SIGCONT");
    await expect.poll(async () => (await update(first, "acme", key, ["Kept"])).status, SOON).toBe(200);

    await first.stop();
    await server!.kill();
    const again = await gatewayOn(deployment.url, { dataDir });
    expect(await codeOf(again, "Kept")).toBe("NO_HEALTHY_INSTANCE");
    expect(await ready(again)).toMatchObject({ store: "unavailable", lastSnapshot: { inUse: true, ageMs: expect.any(Number) } });
    const metrics = (await request(`${again.adminUrl}/metrics`)).text;
    expect(metrics).toMatch(/^thriftgate_last_snapshot_age_seconds \d/m);
    expect(await update(again, "acme", key, [])).toMatchObject({ status: 503, json: { code: "STORE_UNAVAILABLE" } });
    expect((await update(again, "acme", "wrong", [])).status).toBe(401);

    await server!.restart();
    await expect.poll(async () => (await ready(again)).lastSnapshot.inUse, SOON).toBe(false);
    expect((await update(again, "acme", key, ["Kept", "Added"])).status).toBe(200);
    expect(await codeOf(again, "Added")).toBe("NO_HEALTHY_INSTANCE");
  });

  it("serve every call while the store hangs, dies, cuts its answers and comes back", { timeout: 120_000 }, async () => {
    const deployment = await startStandalone();
    onTestFinished(deployment.dispose);
    const [server] = deployment.servers;
    const proxy = await startCuttingProxy(server!.host);
    const gateway = await gatewayOn(`mongodb://${proxy.host}/?directConnection=true`);
    const key = await register(gateway.url, "acme", [service("Steady")]);
    await serveWithPeer(gateway, key, "Steady");
    const calls = startSteadyCalls(Array.from({ length: 4 }, () => `${gateway.url}/Steady/m`));

    const change = async () => (await update(gateway, "acme", key, ["Steady"])).status;
    const untilChange = (status: number) => expect.poll(change, SOON).toBe(status);
    for (const [fault, repair] of [
      [() => hang(server!), async () => server!.signal("SIGCONT")],
      [server!.kill, server!.restart],
    ] as const) {
      await fault();
      await untilChange(503);
      await calls.goOn(20);
      await repair();
      await untilChange(200);
      await calls.goOn(20);
    }
    for (let bytes = 1; bytes <= 20; bytes++) {
      proxy.cutNextAnswerAfter(bytes);
      await untilChange(200);
    }
    expect(proxy.cuts).toBeGreaterThan(10);
    await calls.goOn(20);
    expect(await calls.stop()).toEqual([]);
  });

  it("keep the last good revision of a service, and all others, when the store holds nonsense", async () => {
    const gateway = await gatewayOn(shared.url, { config: { storeDatabase: "nonsense" } });
    const names = ["Edited", "Damaged", "Neighbour"];
    const key = await register(gateway.url, "acme", names.map(service));
    for (const name of names) await serveWithPeer(gateway, key, name);
    const calls = startSteadyCalls(names.map((name) => `${gateway.url}/${name}/m`));
    const store = await openMongoStore({ url: shared.url, dbName: "nonsense" });
    /** When this is served, what was written before was looked at. */
    const changeAnother = async (ownerId: string) => {
      const paths = [{ methodPath: "m", exposedMethod: "m" }];
      await store.createOwner(ownerOf(ownerId), [{ name: ownerId, definition: definitionOf(idl, { paths }) }], "owner");
      await untilServed(gateway, ownerId);
    };
    const detail = async (name: string) => (await request(`${gateway.adminUrl}/admin/v1/services/${name}`)).json;

    const definition = { ...serviceOf("Edited").definition, idlFiles: { "main.thrift": "servus S {}" } };
    const keep = { keep: true } as const;
    const [edited, added] = ["Edited", "New"].map((name) => ({ name, definition }));
    await store.updateOwner("acme", 1, [edited!, { name: "Damaged", ...keep }, { name: "Neighbour", ...keep }, added!], "owner");
    await changeAnother("After");
    await expect.poll(() => detail("Edited")).toMatchObject({ state: "last-good", revision: 2, servedRevision: 1 });
    await expect.poll(() => detail("Edited")).toMatchObject({ faults: [{ code: "IDL_SYNTAX", line: 1 }] });
    await expect.poll(() => detail("New")).toMatchObject({ state: "broken", servedRevision: null });

    // By hand: a revision of another shape, then a head of another shape.
    const client = new MongoClient(shared.url);
    onTestFinished(() => client.close());
    const collection = (name: string) => client.db("nonsense").collection<{ _id: string }>(name);
    const revision = (await collection("revision").findOne({ name: '"Damaged"' }))!;
    await collection("revision").insertOne({ ...revision, _id: "hand", revision: 2, definition: '{"idl":[]}' } as {
      _id: string;
    });
    const place = { name: '"Damaged"', revision: 2, document: "hand" };
    await collection("owner").updateOne({ _id: '"acme"' }, { $set: { "services.1": place, version: 3 }, $inc: { number: 100 } });
    await changeAnother("Later");
    await expect.poll(() => detail("Damaged")).toMatchObject({ state: "last-good", revision: 2, servedRevision: 1 });
    await expect.poll(() => detail("Damaged")).toMatchObject({ faults: [{ code: "UNREADABLE" }] });
    await collection("owner").updateOne({ _id: '"acme"' }, { $set: { services: {}, version: 4 }, $inc: { number: 100 } });
    await changeAnother("Last");

    await expect.poll(() => detail("Neighbour")).toMatchObject({ state: "served", revision: 1 });
    await calls.goOn(20);
    expect(await calls.stop()).toEqual([]);
  });

  it("take over what the original gateway left in the database", async () => {
    const client = new MongoClient(shared.url);
    onTestFinished(() => client.close());
    const paths = [{ methodpath: "m", exposedmethod: "m" }];
    const services = [
      { servicename: "Kept", idlcontent: idl, paths },
      { servicename: "Broken", idlcontent: "servus S {}", paths },
      { servicename: "Unbound", idlcontent: idl, paths: [{ methodpath: "m", exposedmethod: "absent" }] },
      { servicename: "register", idlcontent: idl, paths },
    ];
    const originals = client.db("api-gateway").collection("gateway-data");
    await originals.insertOne({ ownerid: "acme", ownername: "acme", apikey: "0b9f0e3a-key", services });

    const original = { dbUrl: shared.url, dbName: "api-gateway", dbCollectionName: "gateway-data" };
    const gateway = await startGatewayProcess({ config: original });
    onTestFinished(() => gateway.stop());
    expect(await codeOf(gateway, "Kept")).toBe("NO_HEALTHY_INSTANCE");
    expect((await update(gateway, "acme", "another-key", [])).status).toBe(401);
    const log = await gateway.wholeLog();
    for (const [name, reason] of [
      ["Broken", /1:1: /],
      ["Unbound", /absent/],
      ["register", /gateway's own/],
    ] as const) {
      const line = log
        .split("\n")
        .find((each) => each.includes("left out of the takeover") && each.includes(`"service":"${name}"`));
      expect(line).toMatch(reason);
    }
    expect(log).not.toContain("0b9f0e3a-key");
    const { items } = (await request(`${gateway.adminUrl}/admin/v1/services`)).json;
    expect(items.map(({ name }: { name: string }) => name)).toEqual(["Kept"]);
    expect((await update(gateway, "acme", "0b9f0e3a-key", ["Kept", "Broken"])).status).toBe(200);
    const store = await openMongoStore({ url: shared.url, dbName: "api-gateway" });
    const definition = async (name: string, revision: number) => (await store.serviceRevision(name, revision))?.definition;
    expect((await definition("Kept", 2))?.options).toEqual({ lenient: true, deadlineMs: 100_000 });
    expect(await definition("Broken", 1)).not.toHaveProperty("options");
    expect(await originals.countDocuments()).toBe(1);
  });

  it("say why they don't start", async () => {
    const gateway = startGatewayProcess({ args: ["--store", "mongodb://127.0.0.1:1/"] });
    await expect(gateway).rejects.toThrow(/The store can't be reached: connect ECONNREFUSED 127\.0\.0\.1:1/);
  });
});
