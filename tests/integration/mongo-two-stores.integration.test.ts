import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Store } from "../../gateway/src/control-plane/store/store.ts";
import { describeWith, mongod } from "../support/components.ts";
import { newDatabase, openMongoStore, ownerOf, serviceOf, watchHeads } from "../support/mongo-store.ts";
import { type MongoDeployment, startReplicaSet, startStandalone } from "../support/mongod.ts";

const deployments = [
  { name: "a standalone server", start: startStandalone, ways: ["poll"] },
  { name: "a replica set of three", start: startReplicaSet, ways: ["auto", "poll"] },
] as const;

/** Writes as a gateway does, again and again, until it was accepted so often. Resolves to the versions that it made. */
async function updateRepeatedly(store: Store, ownerId: string, name: string, times: number): Promise<number[]> {
  const versions: number[] = [];
  while (versions.length < times) {
    const { version } = (await store.owner(ownerId))!;
    const result = await store.updateOwner(ownerId, version, [serviceOf(name, `// ${version}`)], "owner");
    if (result.ok) versions.push(result.head.version);
    else expect(result.refusal).toBe("VERSION_CHANGED");
  }
  return versions;
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1]!;
}

for (const { name, start, ways } of deployments) {
  describeWith(mongod, `two stores on ${name}`, () => {
    let deployment: MongoDeployment;

    beforeAll(async () => {
      deployment = await start();
    });
    afterAll(() => deployment.dispose());

    for (const changes of ways) {
      const streams = changes === "auto";
      describe(streams ? "by change streams" : "by polling", () => {
        async function openTwo(): Promise<{ one: Store; other: Store; dbName: string }> {
          const dbName = newDatabase();
          const open = () => openMongoStore({ url: deployment.url, dbName, changes });
          return { one: await open(), other: await open(), dbName };
        }

        it("tells, before it resolves, what the other had stored when it was asked to catch up", async () => {
          const { one, other } = await openTwo();
          const { heads } = watchHeads(other);
          await one.createOwner(ownerOf("acme"), [], "owner");
          for (let version = 1; version <= 20; version++) {
            await one.updateOwner("acme", version, [serviceOf("S", `// ${version}`)], "owner");
            await other.catchUp!();
            expect(heads.at(-1)).toMatchObject({ version: version + 1 });
          }
          const versions = heads.map(({ version }) => version);
          expect(versions).toEqual(versions.toSorted((a, b) => a - b));
          expect(new Set(versions).size).toBe(versions.length);
        });

        it("tells each of the other's changes, soon and in order", async () => {
          const { one, other } = await openTwo();
          const { heads, sees } = watchHeads(other);
          await one.createOwner(ownerOf("acme"), [], "owner");
          const delays: number[] = [];
          for (let version = 1; version <= (streams ? 20 : 8); version++) {
            const result = await one.updateOwner("acme", version, [serviceOf("S", `// ${version}`)], "owner");
            const acknowledged = performance.now();
            expect(result.ok).toBe(true);
            expect((await sees("acme", version + 1)).services).toEqual([{ name: "S", revision: version }]);
            delays.push(performance.now() - acknowledged);
          }
          const versions = heads.map(({ version }) => version);
          expect(versions).toEqual(versions.toSorted((a, b) => a - b));
          // Far more than it takes (docs/decisions/0007-mongodb-store.md), and far less than the next comparison of all.
          expect(percentile(delays, 0.5)).toBeLessThan(streams ? 250 : 5_000);
          expect(percentile(delays, 1)).toBeLessThan(10_000);
        });

        it("loses no update when both change the same service", async () => {
          const { one, other } = await openTwo();
          const watchers = [watchHeads(one), watchHeads(other)];
          await one.createOwner(ownerOf("acme"), [serviceOf("S", "// 0")], "owner");
          const each = 20;
          const versions = (await Promise.all([one, other].map((store) => updateRepeatedly(store, "acme", "S", each)))).flat();
          const last = 1 + 2 * each;
          expect(versions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 2 * each }, (_, i) => i + 2));
          for (const store of [one, other]) {
            expect((await store.owner("acme"))?.version).toBe(last);
            const history = await store.history("S");
            expect(history.map(({ revision }) => revision)).toEqual(Array.from({ length: last }, (_, i) => i + 1));
            expect(history.map(({ definition }) => definition.idlFiles["main.thrift"])).toEqual(
              Array.from({ length: last }, (_, i) => `// ${i}`),
            );
          }
          const finals = await Promise.all(watchers.map(({ sees }) => sees("acme", last)));
          expect(finals[0]).toEqual(finals[1]);
        });

        it("gives a name to one owner at a time, and its revisions in one row", async () => {
          const { one, other } = await openTwo();
          const taken: number[] = [];
          async function takeAndLeave(store: Store, ownerId: string): Promise<void> {
            await store.createOwner(ownerOf(ownerId), [], "owner");
            for (let version = 1, times = 0; times < 10; ) {
              const result = await store.updateOwner(ownerId, version, [serviceOf("Wanted")], "owner");
              if (!result.ok) {
                expect(result).toEqual({ ok: false, refusal: "SERVICE_TAKEN", service: "Wanted" });
                continue;
              }
              taken.push(result.head.services[0]!.revision);
              await store.updateOwner(ownerId, version + 1, [], "owner");
              version += 2;
              times += 1;
            }
          }
          await Promise.all([takeAndLeave(one, "x"), takeAndLeave(other, "y")]);
          expect(taken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
          expect(await one.history("Wanted")).toHaveLength(20);
        });

        it("misses nothing when numbers become visible in another order", async () => {
          const { one, other, dbName } = await openTwo();
          const { sees } = watchHeads(other);
          for (const ownerId of ["early", "late"]) {
            await one.createOwner(ownerOf(ownerId), [], "owner");
            await sees(ownerId, 1);
          }
          const client = new MongoClient(deployment.url);
          onTestFinished(() => client.close());
          const db = client.db(dbName);
          const counter = await db
            .collection<{ _id: string; value: number }>("meta")
            .findOneAndUpdate({ _id: "changes" }, { $inc: { value: 2 } }, { returnDocument: "after" });
          const owners = db.collection<{ _id: string }>("owner");
          const show = (ownerId: string, number: number) =>
            owners.updateOne(
              { _id: JSON.stringify(ownerId) },
              { $set: { version: 2, number } },
              { writeConcern: { w: "majority" } },
            );
          await show("late", counter!.value);
          await sees("late", 2);
          await show("early", counter!.value - 1);
          const shown = performance.now();
          await sees("early", 2);
          expect(performance.now() - shown).toBeLessThan(10_000);
        });
      });
    }
  });
}
