import { describe, expect, test } from "vitest";
import type { Store } from "../../../../../gateway/src/control-plane/store/store.ts";
import { GatewayError } from "../../../../../gateway/src/core/errors.ts";
import type { SnapshotChange } from "../../../../../gateway/src/snapshot/snapshot.ts";
import { assetService, connection, registration, startControlPlane } from "../../../../support/control-plane.ts";
import { definitionOf } from "../../../../support/definitions.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";
import { createMemoryStore } from "../../../../support/memory-store.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

const GOOD = definitionOf("service S { void insert() }");
const BROKEN = definitionOf("service S {");
const UNBOUND = definitionOf("service S { void other() }");

const owner = (ownerId: string) => ({ ownerId, ownerName: ownerId, keyDigest: ownerId });

/** Waits for what another gateway did. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("from a start", () => {
  test("what was stored is served again: services in one publish, then instances", async () => {
    const dataDir = temporaryDirectory();
    const first = await startControlPlane({ dataDir });
    const apiKey = await first.register(registration([assetService(), assetService({ ServiceName: "Other" })]));
    const serverId = await first.connect(apiKey);
    await first.close();

    const second = await startControlPlane({ dataDir });
    expect(second.snapshot.revision).toBe(1);
    expect(new Set(second.snapshot.names())).toEqual(new Set(["AssetManagement", "Other"]));
    expect(second.snapshot.entry("AssetManagement")).toMatchObject({
      revision: 1,
      instances: [{ id: serverId, health: "passing" }],
    });
    await second.api.post("/health").send({ ApiKey: apiKey, ServerID: serverId }).expect(200);
    await second.api.post("/connect").send(connection(apiKey)).expect(200);
  });

  test("a stored service that can't be served hurts no other; it is logged and listed", async () => {
    const store = createMemoryStore(createFakeClock());
    const services = [
      { name: "Good", definition: GOOD },
      { name: "Broken", definition: BROKEN },
      { name: "Unbound", definition: UNBOUND },
    ];
    await store.createOwner(owner("ann"), services, "owner");
    const { admin, log, snapshot } = await startControlPlane({ options: { store } });
    expect([...snapshot.names()]).toEqual(["Good"]);
    const broken = await admin.get("/admin/v1/services/Broken").expect(200);
    expect(broken.body).toMatchObject({
      state: "broken",
      servedRevision: null,
      idlService: null,
      faults: [{ code: "IDL_SYNTAX", file: "main.thrift", line: 1, column: expect.any(Number) }],
    });
    const unbound = await admin.get("/admin/v1/services/Unbound").expect(200);
    expect(unbound.body.faults).toMatchObject([{ code: "INVALID_ROUTE", message: expect.stringContaining("insert") }]);
    expect(log.filter((line) => line.includes("can't be served"))).toHaveLength(2);
  });

  test("a start that fails closes what it opened", async () => {
    const store = { ...createMemoryStore(createFakeClock()), closed: false };
    store.owners = () => Promise.reject(new GatewayError("STORE_UNAVAILABLE", "no"));
    store.close = async () => {
      store.closed = true;
    };
    await expect(startControlPlane({ options: { store } })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(store.closed).toBe(true);
  });
});

describe("what another gateway changes in the store", () => {
  async function followed() {
    const store = createMemoryStore(createFakeClock());
    const started = await startControlPlane({ options: { store } });
    const { head } = (await store.createOwner(owner("ann"), [{ name: "S", definition: GOOD }], "owner")) as {
      head: { version: number };
    };
    await settled();
    return { ...started, store, version: head.version };
  }

  test("is served soon: new, changed, removed", async () => {
    const { snapshot, store, version } = await followed();
    expect(snapshot.entry("S")?.revision).toBe(1);
    await store.updateOwner("ann", version, [{ name: "S", definition: { ...GOOD, version: "2" } }], "owner");
    await settled();
    expect(snapshot.entry("S")?.revision).toBe(2);
    await store.updateOwner("ann", version + 1, [], "owner");
    await settled();
    expect(snapshot.entry("S")).toBeUndefined();
  });

  test("broken: the last good revision keeps serving, until a good one comes", async () => {
    const { admin, snapshot, store, version } = await followed();
    const before = snapshot.entry("S");
    await store.updateOwner("ann", version, [{ name: "S", definition: BROKEN }], "owner");
    await settled();
    expect(snapshot.entry("S")).toMatchObject({ revision: 1, schema: before!.schema });
    expect((await admin.get("/admin/v1/services/S")).body).toMatchObject({ state: "last-good", revision: 2, servedRevision: 1 });
    await store.updateOwner("ann", version + 1, [{ name: "S", definition: GOOD }], "owner");
    await settled();
    expect(snapshot.entry("S")?.revision).toBe(3);
  });

  test("a name that goes from one owner to another is not lost, whatever order is seen", async () => {
    const { snapshot, store, version } = await followed();
    await store.updateOwner("ann", version, [], "owner");
    await store.createOwner(owner("bob"), [{ name: "S", definition: { ...GOOD, version: "bob" } }], "owner");
    await settled();
    expect(snapshot.entry("S")?.revision).toBe(2);
  });

  test("while the store can't be read: tried again", async () => {
    const { clock, log, snapshot, store, version } = await followed();
    const { serviceRevision } = store;
    store.serviceRevision = () => Promise.reject(new GatewayError("STORE_UNAVAILABLE", "no"));
    await store.updateOwner("ann", version, [{ name: "S", definition: { ...GOOD, version: "2" } }], "owner");
    await settled();
    expect(snapshot.entry("S")?.revision).toBe(1);
    expect(log.join()).toContain("trying again");
    await clock.advance(1_000);
    expect(snapshot.entry("S")?.revision).toBe(1);
    store.serviceRevision = serviceRevision;
    await clock.advance(1_000);
    expect(snapshot.entry("S")?.revision).toBe(2);
  });
});

describe("cost", () => {
  test("a change publishes what it changed and nothing else, all of it in one turn", async () => {
    const { api, connect, register, snapshot } = await startControlPlane();
    await register(registration([assetService({ ServiceName: "Other" })], { OwnerId: "bob" }));
    const published: (readonly SnapshotChange[])[] = [];
    snapshot.onPublish((changes) => published.push(changes));
    const apikey = await register(registration([assetService(), assetService({ ServiceName: "B" })]));
    expect(published.map((changes) => changes.map(([name]) => name))).toEqual([["AssetManagement", "B"]]);
    published.length = 0;
    await connect(apikey);
    expect(new Set(published.flat().map(([name]) => name))).toEqual(new Set(["AssetManagement"]));
    published.length = 0;
    const services = [assetService({ Version: "2" }), assetService({ ServiceName: "C" })];
    await api.put("/update?ownerid=ann").set({ apikey }).send(registration(services)).expect(200);
    expect(published.map((changes) => changes.map(([name, entry]) => [name, entry !== undefined]))).toEqual([
      [
        ["B", false],
        ["AssetManagement", true],
        ["C", true],
      ],
    ]);
  });

  test("an instance that did not change stays the same object; a beat publishes nothing", async () => {
    const { api, connect, register, snapshot } = await startControlPlane();
    const apiKey = await register();
    const serverId = await connect(apiKey);
    const [first] = snapshot.entry("AssetManagement")!.instances;
    await connect(apiKey, { ServerPort: "8001" });
    expect(snapshot.entry("AssetManagement")!.instances[0]).toBe(first);
    const { revision } = snapshot;
    await api.post("/health").send({ ApiKey: apiKey, ServerID: serverId }).expect(200);
    expect(snapshot.revision).toBe(revision);
  });

  test("routes and schema stay the same objects while instances come and go", async () => {
    const { connect, register, snapshot } = await startControlPlane();
    const apiKey = await register();
    const before = snapshot.entry("AssetManagement")!;
    await connect(apiKey);
    expect(snapshot.entry("AssetManagement")!.routes).toBe(before.routes);
    expect(snapshot.entry("AssetManagement")!.schema).toBe(before.schema);
  });
});

describe("while the store is down", () => {
  async function down() {
    const store = createMemoryStore(createFakeClock());
    const started = await startControlPlane({ options: { store } });
    const apiKey = await started.register();
    const fail = () => Promise.reject(new GatewayError("STORE_UNAVAILABLE", "The store can't be reached."));
    const failing: Partial<Store> = { createOwner: fail, updateOwner: fail, owner: fail, ping: fail };
    Object.assign(store, failing);
    return { ...started, apiKey };
  }

  test("registering and updating: 503, nothing changes; connecting works on", async () => {
    const { api, apiKey, connect, snapshot } = await down();
    const before = snapshot.entry("AssetManagement");
    const body = registration([assetService({ ServiceName: "New" })], { OwnerId: "bob" });
    const answer = await api.post("/register").send(body).expect(503);
    expect(answer.body.code).toBe("STORE_UNAVAILABLE");
    expect(answer.headers["retry-after"]).toBe("1");
    await api.put("/update?ownerid=ann").set({ apikey: apiKey }).send(registration([])).expect(503);
    expect(snapshot.entry("AssetManagement")).toBe(before);
    expect(snapshot.entry("New")).toBeUndefined();
    await connect(apiKey);
  });
});
