import { type Collection, MongoClient } from "mongodb";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { createBoundedCalls } from "../../gateway/src/control-plane/store/mongo-calls.ts";
import { mongoCollections } from "../../gateway/src/control-plane/store/mongo-collections.ts";
import { parseOwner } from "../../gateway/src/control-plane/store/mongo-documents.ts";
import { createOrphanSweep } from "../../gateway/src/control-plane/store/mongo-orphans.ts";
import { createMongoStore } from "../../gateway/src/control-plane/store/mongo-store.ts";
import type { ServiceCheck, Store } from "../../gateway/src/control-plane/store/store.ts";
import { digestApiKey } from "../../gateway/src/core/api-key.ts";
import { systemClock } from "../../gateway/src/core/clock.ts";
import { createLogger } from "../../gateway/src/core/logger.ts";
import { describeWith, mongod } from "../support/components.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { newDatabase, openMongoStore, ownerOf, serviceOf, watchHeads } from "../support/mongo-store.ts";
import { type MongoDeployment, startStandalone } from "../support/mongod.ts";

/** As somebody writes them by hand. */
interface AnyDocument {
  _id: string | number;
  [field: string]: unknown;
}
type Documents = Collection<AnyDocument>;

describeWith(mongod, "documents in MongoDB", () => {
  let deployment: MongoDeployment;
  let client: MongoClient;

  beforeAll(async () => {
    deployment = await startStandalone();
    client = new MongoClient(deployment.url);
  });
  afterAll(async () => {
    await client.close();
    await deployment.dispose();
  });

  const collection = (dbName: string, name: string): Documents => client.db(dbName).collection(name);

  const byId = (ownerId: string) => ({ _id: JSON.stringify(ownerId) });

  async function twoOwners(): Promise<{ dbName: string; store: Store }> {
    const dbName = newDatabase();
    const store = await openMongoStore({ url: deployment.url, dbName });
    await store.createOwner(ownerOf("good"), [serviceOf("Good")], "owner");
    await store.createOwner(ownerOf("bad"), [serviceOf("Bad"), serviceOf("Fine")], "owner");
    return { dbName, store };
  }

  it.each<[string, object]>([
    ["no version", { $unset: { version: 1 } }],
    ["a version that is text", { $set: { version: "2" } }],
    ["a version of 0", { $set: { version: 0 } }],
    ["a name that is a number", { $set: { ownerName: 7 } }],
    ["a name that is no JSON string", { $set: { ownerName: "plain" } }],
    ["services that are no list", { $set: { services: "none" } }],
    ["no services", { $unset: { services: 1 } }],
  ])("a head with %s hides no other", async (_what, edit) => {
    const { dbName, store } = await twoOwners();
    await collection(dbName, "owner").updateOne(byId("bad"), edit);
    expect((await store.owners()).map(({ ownerId }) => ownerId)).toEqual(["good"]);
    expect(await store.owner("good")).toBeDefined();
    await expect(store.owner("bad")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(store.updateOwner("bad", 1, [], "owner")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(store.createOwner(ownerOf("bad"), [], "owner")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect((await store.currentRevisions()).map(({ name }) => name)).toContain("Good");
    expect(await store.updateOwner("good", 1, [], "owner")).toMatchObject({ ok: true });
    expect(await openMongoStore({ url: deployment.url, dbName })).toBeDefined();
  });

  it("a service in a head that can't be read hides neither its neighbours nor the owner", async () => {
    const { dbName, store } = await twoOwners();
    await collection(dbName, "owner").updateOne(byId("bad"), { $set: { "services.0.revision": "1" } });
    expect((await store.owner("bad"))?.services).toEqual([{ name: "Fine", revision: 1 }]);
    expect(await store.updateOwner("bad", 1, [serviceOf("Bad", "// 2"), { name: "Fine", keep: true }], "owner")).toMatchObject({
      ok: true,
    });
  });

  it.each<[string, object]>([
    ["no definition", { $unset: { definition: 1 } }],
    ["a definition that is no JSON", { $set: { definition: "{" } }],
    ["a definition of another shape", { $set: { definition: '{"idl":"service S {}"}' } }],
    ["files that are no texts", { $set: { definition: JSON.stringify({ ...serviceOf("Bad").definition, idlFiles: { a: 1 } }) } }],
    ["a time that is text", { $set: { createdAt: "yesterday" } }],
    ["a name that is no JSON string", { $set: { author: "{}" } }],
  ])("a revision with %s hides no other", async (_what, edit) => {
    const { dbName, store } = await twoOwners();
    await collection(dbName, "revision").updateOne({ name: '"Bad"' }, edit);
    expect(await store.serviceRevision("Bad", 1)).toBeUndefined();
    expect((await store.currentRevisions()).map(({ name }) => name).sort()).toEqual(["Fine", "Good"]);
    expect(await store.history("Bad")).toEqual([]);
    expect(await store.serviceRevision("Fine", 1)).toBeDefined();
    expect(await store.updateOwner("bad", 1, [serviceOf("Bad", "// 2")], "owner")).toMatchObject({
      head: { services: [{ name: "Bad", revision: 2 }] },
    });
  });

  it("documents that are none of ours are passed over", async () => {
    const { dbName, store } = await twoOwners();
    const { sees } = watchHeads(store);
    await collection(dbName, "owner").insertMany([
      { _id: 7, number: 1_000 },
      { _id: "plain" },
      { _id: '"x"', services: [null, 1] },
    ]);
    expect((await store.owners()).map(({ ownerId }) => ownerId)).toEqual(["good", "bad"]);
    const other = await openMongoStore({ url: deployment.url, dbName });
    await other.updateOwner("good", 1, [], "owner");
    expect((await sees("good", 2)).version).toBe(2);
  });

  it("an edit by hand that names a version of its own is followed", async () => {
    const { dbName, store } = await twoOwners();
    const { sees } = watchHeads(store);
    await collection(dbName, "owner").updateOne(byId("good"), { $set: { version: 9, number: 1_000, services: [] } });
    expect((await sees("good", 9)).services).toEqual([]);
    expect(await store.updateOwner("good", 9, [serviceOf("New")], "owner")).toMatchObject({ ok: true, head: { version: 10 } });
  });

  it("what nobody told is found by comparing, some time later", async () => {
    const dbName = newDatabase();
    const clock = createFakeClock();
    const store = await openMongoStore({ url: deployment.url, dbName, clock });
    await store.createOwner(ownerOf("good"), [], "owner");
    const { sees } = watchHeads(store);
    await collection(dbName, "owner").updateOne(byId("good"), { $set: { version: 2, number: 0 } });
    await clock.advance(30_000);
    expect((await sees("good", 2)).version).toBe(2);
  });

  it("an owner whose changes were deleted by hand is still an owner", async () => {
    const { dbName, store } = await twoOwners();
    await collection(dbName, "owner").updateOne(byId("good"), { $set: { changes: [], claims: [] } });
    expect(await store.createOwner(ownerOf("good"), [], "owner")).toEqual({ ok: false, refusal: "OWNER_EXISTS" });
    expect(await store.updateOwner("good", 1, [], "owner")).toMatchObject({ ok: true });
  });

  it("a database that a newer program wrote is refused", async () => {
    const { dbName } = await twoOwners();
    await collection(dbName, "meta").updateOne({ _id: "format" }, { $set: { value: 2 } });
    await expect(openMongoStore({ url: deployment.url, dbName })).rejects.toThrow(
      `The database ${dbName} has format 2, and this program knows up to 1: a newer one wrote it. Start that one, or name another database`,
    );
  });

  it("a name that two owners have, in a database that was restored without its indexes, is named", async () => {
    const { dbName, store } = await twoOwners();
    const owners = collection(dbName, "owner");
    await owners.dropIndex("services.name_1");
    await owners.updateOne(byId("bad"), { $set: { "services.0.name": '"Good"' } });
    await expect(openMongoStore({ url: deployment.url, dbName })).rejects.toThrow(
      /^The store can't be opened: .*duplicate key.*services\.name: .*Good/,
    );
    // Whoever has it open goes on.
    expect((await store.owners()).map(({ ownerId }) => ownerId)).toEqual(["good", "bad"]);
  });

  it("what a writer left behind is seen by nobody, blocks nobody, and is swept", async () => {
    const dbName = newDatabase();
    const store = await openMongoStore({ url: deployment.url, dbName });
    await store.createOwner(ownerOf("good"), [serviceOf("S", "// 1")], "owner");
    await store.updateOwner("good", 1, [serviceOf("S", "// 2")], "owner");
    const revisions = collection(dbName, "revision");
    const left = (await revisions.findOne({ name: '"S"', revision: 2 }))!;
    await revisions.insertMany([
      { ...left, _id: "dead/0", revision: 3 },
      { ...left, _id: "dead/1", name: '"T"', revision: 1 },
    ]);
    expect(await store.serviceRevision("S", 3)).toBeUndefined();
    expect(await store.history("S")).toHaveLength(2);
    expect(await store.history("T")).toEqual([]);
    expect(await store.updateOwner("good", 2, [serviceOf("S", "// 3"), serviceOf("T", "// 1")], "owner")).toMatchObject({
      head: {
        services: [
          { name: "S", revision: 3 },
          { name: "T", revision: 1 },
        ],
      },
    });
    const sweep = createOrphanSweep(mongoCollections(client.db(dbName)), createBoundedCalls(systemClock, 3_000), parseOwner);
    await sweep();
    expect(await revisions.countDocuments({ _id: /^dead/ })).toBe(2);
    await sweep();
    expect(await revisions.countDocuments()).toBe(4);
    expect(await store.history("S")).toHaveLength(3);

    await revisions.insertOne({ ...left, _id: "dead/2", revision: 9 });
    await collection(dbName, "owner").insertOne({ _id: "unreadable" });
    const careful = createOrphanSweep(
      mongoCollections(client.db(dbName)),
      createBoundedCalls(systemClock, 3_000),
      () => undefined,
    );
    await careful();
    await careful();
    expect(await revisions.countDocuments({ _id: "dead/2" })).toBe(1);
  });

  it("an address that is none is refused without showing it", async () => {
    for (const url of ["mongodb://", "mongodb://user:s3cret@/x", "mongodb://user:s3cret@h/?wrong=1", "mongodb://h:99999"]) {
      const store = createMongoStore({ url, clock: createFakeClock(), logger: createLogger({ level: "silent" }) });
      const error = await store.open().catch((thrown: unknown) => thrown as Error);
      expect(error, url).toBeInstanceOf(Error);
      expect((error as Error).message).not.toContain("s3cret");
    }
  });

  it("a server that nobody runs is unavailable, within the bound", async () => {
    const url = "mongodb://127.0.0.1:1/";
    await expect(openMongoStore({ url, timeoutMs: 500 })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("the database is the one that is named, else the URL's, else ours", async () => {
    const dbName = newDatabase();
    for (const options of [{ url: deployment.url, dbName }, { url: `${deployment.url}${dbName}?appName=x` }]) {
      const store = await openMongoStore(options);
      await store.initSetting("name", "value");
      expect(await collection(dbName, "setting").countDocuments()).toBe(1);
    }
  });

  const idl = "service Asset { string get(1: string id) }";
  const original = (servicename: string, idlcontent = idl) => ({
    serviceid: "1",
    servicename,
    idlcontent,
    version: "1.0",
    servicedescription: "what it does",
    servercount: 2,
    paths: [{ methodpath: "get", exposedmethod: "get" }],
    registeredservers: [{ serverurl: "http://localhost:8000", port: 8000 }],
  });
  const check: ServiceCheck = async ({ definition }) =>
    definition.idlFiles[definition.mainFile] === idl ? undefined : "1:1: broken";

  it("takes over a database of the original gateway, once, and leaves it as it was", async () => {
    const dbName = newDatabase();
    const before = [
      { ownername: "Acme", ownerid: "acme", apikey: "key-1", services: [original("Asset"), original("Broken", "servus")] },
      { ownername: "Rival", ownerid: "rival", apikey: "key-2", services: [original("Asset"), original("Own")] },
      { ownername: "Acme again", ownerid: "acme", apikey: "key-3", services: [] },
      { ownername: "Keyless", ownerid: "keyless", services: [] },
      { ownername: "Bare", ownerid: "bare", apikey: "key-4", services: null },
      { ownername: "Odd", ownerid: "odd", apikey: "key-5", services: [7, original("Twice"), original("Twice")] },
    ].map((document, _id) => ({ _id, ...document }));
    const collectionBefore = collection(dbName, "admin_services");
    await collectionBefore.insertMany(before);

    const stores = await Promise.all([1, 2].map(() => openMongoStore({ url: deployment.url, dbName })));
    const reports = await Promise.all(stores.map((store) => store.takeOver!(check)));
    const [store] = stores as [Store, Store];
    for (const report of reports.filter((each) => each !== undefined)) {
      expect(report).toMatchObject({ owners: 4, services: 3 });
      expect(report.leftOut.map(({ ownerId, service, reason }) => [ownerId, service, reason])).toEqual([
        ["acme", "Broken", "1:1: broken"],
        ["rival", "Asset", "The name is another owner's."],
        ["acme", undefined, "There is an owner with this ID."],
        ["keyless", undefined, expect.stringContaining("apikey")],
        ["odd", "", expect.stringContaining("expected object")],
        ["odd", "Twice", "The owner has the name twice."],
      ]);
    }
    expect(reports.some((report) => report !== undefined)).toBe(true);
    expect(await store.owner("acme")).toMatchObject({ ownerName: "Acme", keyDigest: digestApiKey("key-1"), version: 1 });
    expect((await store.serviceRevision("Asset", 1))?.definition).toEqual({
      serviceId: "1",
      idlFiles: { "Asset.thrift": idl },
      mainFile: "Asset.thrift",
      version: "1.0",
      description: "what it does",
      serverCount: 2,
      paths: [{ methodPath: "get", exposedMethod: "get" }],
      registeredServers: [{ serverUrl: "http://localhost:8000", port: 8000 }],
      options: { lenient: true, deadlineMs: 100_000 },
    });
    expect((await store.owners()).map(({ ownerId }) => ownerId).sort()).toEqual(["acme", "bare", "odd", "rival"]);
    expect(await collectionBefore.find().sort({ _id: 1 }).toArray()).toEqual(before);

    await collectionBefore.insertOne({ _id: 99, ownername: "Late", ownerid: "late", apikey: "key-6", services: [] });
    expect(await store.takeOver!(check)).toBeUndefined();
    expect(await store.owner("late")).toBeUndefined();
  });

  it("goes on with a takeover that was cut off", async () => {
    const dbName = newDatabase();
    const owners = Array.from({ length: 5 }, (_, _id) => ({
      _id,
      ownerid: `o${_id}`,
      ownername: "",
      apikey: `key-${_id}`,
      services: [original(`S${_id}`)],
    }));
    await collection(dbName, "admin_services").insertMany(owners);
    const first = createMongoStore({
      url: deployment.url,
      dbName,
      clock: createFakeClock(),
      logger: createLogger({ level: "silent" }),
    });
    await first.open();
    onTestFinished(() => first.close());
    let checked = 0;
    const dying: ServiceCheck = async () => {
      if (++checked > 2) throw new Error("killed");
      return undefined;
    };
    await expect(first.takeOver!(dying)).rejects.toThrow("killed");
    const store = await openMongoStore({ url: deployment.url, dbName });
    expect(await store.takeOver!(check)).toEqual({ owners: 5, services: 5, leftOut: [] });
  });
});
