import { type Document, MongoClient, type ResumeToken } from "mongodb";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Clock, systemClock } from "../../gateway/src/core/clock.ts";
import { describeWith, mongod } from "../support/components.ts";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { newDatabase, openMongoStore, ownerOf, serviceOf, watchHeads } from "../support/mongo-store.ts";
import { type MongoDeployment, startForgetfulSet } from "../support/mongod.ts";

const LOST_CODE = 286;
/** Without the comparison of all heads each 30 s, which would find a missed change as well. */
const impatientClock: Clock = {
  ...systemClock,
  after: (delayMs, callback) => (delayMs >= 30_000 ? () => {} : systemClock.after(delayMs, callback)),
};

describeWith(mongod, "a store with its place in a change stream", () => {
  let deployment: MongoDeployment;
  let client: MongoClient;
  beforeAll(async () => {
    deployment = await startForgetfulSet();
    client = new MongoClient(deployment.url);
  });
  afterAll(async () => {
    await client.close();
    await deployment.dispose();
  });

  const ownersOf = (dbName: string) => client.db(dbName).collection<{ _id: string }>("owner");

  async function placeIn(dbName: string): Promise<ResumeToken> {
    const stream = ownersOf(dbName).watch();
    await stream.tryNext();
    await stream.close();
    return stream.resumeToken;
  }

  /** Writes until the server can't go on from this place. */
  async function untilLost(dbName: string, place: ResumeToken): Promise<void> {
    const filler = client.db(dbName).collection("filler");
    for (;;) {
      await filler.insertMany(Array.from({ length: 20 }, (): Document => ({ text: "x".repeat(50_000) })));
      const stream = ownersOf(dbName).watch([], { resumeAfter: place, maxAwaitTimeMS: 1 });
      try {
        await stream.tryNext();
      } catch (error) {
        expect(error).toMatchObject({ code: LOST_CODE });
        return;
      } finally {
        await stream.close();
      }
    }
  }

  async function writerAndWatcher() {
    const dbName = newDatabase();
    const proxy = await startCuttingProxy(deployment.servers[0]!.host);
    const writer = await openMongoStore({ url: deployment.url, dbName });
    const url = `mongodb://${proxy.host}/?directConnection=true`;
    const watcher = watchHeads(await openMongoStore({ url, dbName, clock: impatientClock }));
    await writer.createOwner(ownerOf("acme"), [serviceOf("S", "// 1")], "owner");
    await writer.createOwner(ownerOf("other"), [], "owner");
    await watcher.sees("other", 1);
    return { dbName, proxy, writer, ...watcher };
  }

  it("goes on from there after it was away", async () => {
    const { proxy, writer, heads, sees } = await writerAndWatcher();
    proxy.interrupt();
    const told = heads.length;
    await writer.updateOwner("acme", 1, [], "owner");
    expect(heads).toHaveLength(told);
    proxy.restore();
    await sees("acme", 2);
  });

  it("compares all, and goes on, when it was away for too long", async () => {
    const { dbName, proxy, writer, heads, sees } = await writerAndWatcher();
    const place = await placeIn(dbName);
    proxy.interrupt();
    await writer.updateOwner("acme", 1, [serviceOf("S", "// 2")], "owner");
    await writer.createOwner(ownerOf("new"), [], "owner");
    await untilLost(dbName, place);
    proxy.restore();
    await Promise.all([sees("acme", 2), sees("new", 1)]);
    await writer.updateOwner("other", 1, [], "owner");
    await sees("other", 2);
    expect(heads.map(({ ownerId, version }) => `${ownerId} ${version}`).toSorted((a, b) => a.localeCompare(b))).toEqual([
      "acme 1",
      "acme 2",
      "new 1",
      "other 1",
      "other 2",
    ]);
  });

  it("compares all, and goes on, when the collection was dropped and restored from a backup", async () => {
    const { dbName, writer, sees } = await writerAndWatcher();
    const owners = ownersOf(dbName);
    const backup = await owners.find().toArray();
    await owners.drop();
    await owners.insertMany(backup.map((document) => (document._id === '"acme"' ? { ...document, version: 5 } : document)));
    await sees("acme", 5);
    expect(await writer.updateOwner("acme", 5, [serviceOf("S", "// 6")], "owner")).toMatchObject({ ok: true });
    await sees("acme", 6);
  });
});
