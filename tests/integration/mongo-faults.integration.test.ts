import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import type { OwnerHead, Store } from "../../gateway/src/control-plane/store/store.ts";
import { describeWith, mongod } from "../support/components.ts";
import { startCuttingProxy } from "../support/cutting-proxy.ts";
import { hang } from "../support/hang.ts";
import { newDatabase, openMongoStore, ownerOf, serviceOf, watchHeads } from "../support/mongo-store.ts";
import { type MongoDeployment, startReplicaSet, startStandalone } from "../support/mongod.ts";
import { startProgram } from "../support/program.ts";

/** Each request makes a few calls, and only one of them can find that the store is hung. */
const BOUND_MS = 4_500;
/** Far beyond the second or two that it takes, so that a busy machine fails no test. */
const SOON_MS = 15_000;
const unavailable = { name: "GatewayError", code: "STORE_UNAVAILABLE" };

async function deployed(start: () => Promise<MongoDeployment>): Promise<MongoDeployment> {
  const deployment = await start();
  onTestFinished(deployment.dispose);
  return deployment;
}

/** Changes one owner again and again until it is stopped, and tells what was acknowledged. */
function startChanges(store: Store, ownerId: string) {
  let acknowledged = 0;
  let longestMs = 0;
  /** A change that got no answer may come true later. */
  let hasShadow = false;
  let running = true;
  const waiting = new Set<() => void>();

  async function change(): Promise<void> {
    const version = (await store.owner(ownerId))!.version;
    expect(version).toBeGreaterThanOrEqual(acknowledged);
    const result = await store.updateOwner(ownerId, version, [serviceOf(ownerId, `// ${version + 1}`)], "owner");
    if (!result.ok && hasShadow) {
      expect(result.refusal).toBe("VERSION_CHANGED");
      return;
    }
    expect(result).toMatchObject({ ok: true, head: { version: version + 1 } });
    acknowledged = version + 1;
    hasShadow = false;
    for (const look of waiting) look();
  }

  // A test that fails leaves nothing behind that would run for ever.
  onTestFinished(() => {
    running = false;
  });

  async function run(): Promise<void> {
    while (running) {
      const begun = performance.now();
      try {
        await change();
      } catch (error) {
        expect(error).toMatchObject(unavailable);
        hasShadow = true;
        await nextTurn();
      }
      longestMs = Math.max(longestMs, performance.now() - begun);
    }
  }

  const ended = run();
  return {
    reaches: (version: number): Promise<void> =>
      new Promise((resolve, reject) => {
        ended.catch(reject);
        const look = () => acknowledged >= version && resolve();
        waiting.add(look);
        look();
      }),
    async stop() {
      running = false;
      await ended;
      return { acknowledged, longestMs };
    },
    get acknowledged() {
      return acknowledged;
    },
  };
}

async function expectWhole(store: Store, ownerId: string, least: number): Promise<OwnerHead> {
  const head = (await store.owner(ownerId))!;
  expect(head.version).toBeGreaterThanOrEqual(least);
  const history = await store.history(ownerId);
  expect(history.map(({ revision }) => revision)).toEqual(Array.from({ length: head.version }, (_, i) => i + 1));
  expect(head.services).toEqual([{ name: ownerId, revision: head.version }]);
  return head;
}

describeWith(mongod, "faults of a replica set", () => {
  it("loses nothing that was acknowledged when the primary is killed, and takes changes again soon", {
    timeout: 180_000,
  }, async () => {
    const deployment = await deployed(startReplicaSet);
    const dbName = newDatabase();
    const store = await openMongoStore({ url: deployment.url, dbName });
    const other = await openMongoStore({ url: deployment.url, dbName });
    const { sees } = watchHeads(other);
    await store.createOwner(ownerOf("S"), [serviceOf("S", "// 1")], "owner");
    const changes = startChanges(store, "S");
    await changes.reaches(20);

    const primary = await deployment.primary();
    await primary.kill();
    const acknowledged = changes.acknowledged;
    await deployment.primary();
    const elected = performance.now();
    await changes.reaches(acknowledged + 5);
    expect(performance.now() - elected).toBeLessThan(SOON_MS);

    const { acknowledged: last, longestMs } = await changes.stop();
    expect(longestMs).toBeLessThan(2 * BOUND_MS);
    const head = await expectWhole(other, "S", last);
    expect((await sees("S", head.version)).version).toBe(head.version);
  });

  it("goes on with a new primary when the old one hangs", { timeout: 180_000 }, async () => {
    const deployment = await deployed(startReplicaSet);
    const store = await openMongoStore({ url: deployment.url, dbName: newDatabase() });
    await store.createOwner(ownerOf("S"), [serviceOf("S", "// 1")], "owner");
    const changes = startChanges(store, "S");
    await changes.reaches(10);
    const hung = await deployment.primary();
    await hang(hung);
    await changes.reaches(changes.acknowledged + 10);
    hung.signal("SIGCONT");
    await changes.reaches(changes.acknowledged + 10);
    const { acknowledged } = await changes.stop();
    await expectWhole(store, "S", acknowledged);
  });
});

describeWith(mongod, "faults of a standalone server", () => {
  it("answers each call within its bound while the server hangs, and is back in step soon after", async () => {
    const deployment = await deployed(startStandalone);
    const [server] = deployment.servers;
    const dbName = newDatabase();
    const store = await openMongoStore({ url: deployment.url, dbName });
    const other = await openMongoStore({ url: deployment.url, dbName });
    const { sees } = watchHeads(other);
    await store.createOwner(ownerOf("S"), [serviceOf("S")], "owner");

    await hang(server!);
    const calls: Record<string, () => Promise<unknown>> = {
      owner: () => store.owner("S"),
      owners: () => store.owners(),
      serviceRevision: () => store.serviceRevision("S", 1),
      currentRevisions: () => store.currentRevisions(),
      history: () => store.history("S"),
      setting: () => store.setting("a"),
      initSetting: () => store.initSetting("a", "b"),
      createOwner: () => store.createOwner(ownerOf("T"), [serviceOf("T")], "owner"),
      updateOwner: () => store.updateOwner("S", 1, [serviceOf("S", "// 2")], "owner"),
      "updateOwner, after another one": () => store.updateOwner("S", 1, [], "owner"),
      ping: () => store.ping(),
    };
    const begun = performance.now();
    for (const round of ["a connection that is open", "one that has to be opened"]) {
      const answers = await Promise.allSettled(Object.values(calls).map((call) => call()));
      for (const [index, answer] of answers.entries()) {
        expect(answer, `${Object.keys(calls)[index]}, ${round}`).toMatchObject({ status: "rejected", reason: unavailable });
      }
    }
    expect(performance.now() - begun).toBeLessThan(2 * BOUND_MS);

    server!.signal("SIGCONT");
    const continued = performance.now();
    const { version } = await untilAnswered(() => store.owner("S"));
    const result = await untilAnswered(() => store.updateOwner("S", version, [serviceOf("S", "// 3")], "owner"));
    expect(result.ok).toBe(true);
    await sees("S", version + 1);
    expect(performance.now() - continued).toBeLessThan(SOON_MS);
  });

  it("lets an owner be registered again whose first registration got no answer", async () => {
    const deployment = await deployed(startStandalone);
    const store = await openMongoStore({ url: deployment.url, dbName: newDatabase() });
    await store.createOwner(ownerOf("warm"), [], "owner");
    await hang(deployment.servers[0]!);
    await expect(store.createOwner(ownerOf("acme"), [serviceOf("S")], "owner")).rejects.toMatchObject(unavailable);
    deployment.servers[0]!.signal("SIGCONT");
    const again = { ...ownerOf("acme"), keyDigest: "cd".repeat(32) };
    const result = await untilAnswered(() => store.createOwner(again, [serviceOf("S")], "owner"));
    expect(result).toMatchObject({ ok: true, head: again });
    expect((await store.owner("acme"))?.keyDigest).toBe(again.keyDigest);
    expect(await store.createOwner(ownerOf("acme"), [], "owner")).toEqual({ ok: false, refusal: "OWNER_EXISTS" });
  });

  it("makes each change once when connections are cut in the middle of a reply", async () => {
    const deployment = await deployed(startStandalone);
    const proxy = await startCuttingProxy(deployment.servers[0]!.host);
    const url = `mongodb://${proxy.host}/?directConnection=true`;
    const store = await openMongoStore({ url, dbName: newDatabase() });
    await store.createOwner(ownerOf("S"), [serviceOf("S", "// 1")], "owner");
    for (let version = 1; version <= 30; version++) {
      proxy.cutNextAnswerAfter(1 + (version % 20));
      const result = await untilAnswered(() => store.updateOwner("S", version, [serviceOf("S", `// ${version + 1}`)], "owner"));
      expect(result).toMatchObject({ ok: true, head: { version: version + 1 } });
    }
    expect(proxy.cuts).toBeGreaterThan(20);
    await expectWhole(store, "S", 31);
  });

  it("comes back when the server was killed and started again", async () => {
    const deployment = await deployed(startStandalone);
    const [server] = deployment.servers;
    const store = await openMongoStore({ url: deployment.url, dbName: newDatabase() });
    await store.createOwner(ownerOf("S"), [serviceOf("S", "// 1")], "owner");
    const changes = startChanges(store, "S");
    await changes.reaches(20);
    await server!.kill();
    const { acknowledged } = changes;
    await server!.restart();
    const started = performance.now();
    await changes.reaches(acknowledged + 5);
    expect(performance.now() - started).toBeLessThan(SOON_MS);
    const { acknowledged: last } = await changes.stop();
    await expectWhole(store, "S", last);
  });

  it("leaves no half change and no lock when a writer is killed at any moment", async () => {
    const deployment = await deployed(startStandalone);
    const dbName = newDatabase();
    const store = await openMongoStore({ url: deployment.url, dbName });
    const writerScript = new URL("../support/store-writer.mjs", import.meta.url).pathname;
    for (let round = 0; round < 8; round++) {
      const writer = startProgram([writerScript, `${deployment.url}${dbName}`, String(round)]);
      await writer.says(new RegExp(`(stored[^]*){${1 + round * 2}}`));
      writer.signal("SIGKILL");
      await writer.exit;
      const acknowledged = lastVersions(writer.stdout());
      const owners = (await store.owners()).filter(({ ownerId }) => ownerId.startsWith(`${round}-`));
      for (const { ownerId, version, services } of owners) {
        expect(version).toBeGreaterThanOrEqual(acknowledged.get(ownerId) ?? 0);
        acknowledged.delete(ownerId);
        expect(services).toEqual([
          { name: `${ownerId}/kept`, revision: 1 },
          { name: `${ownerId}/changed`, revision: version },
          { name: `${ownerId}/only-${version}`, revision: 1 },
        ]);
        for (const { name, revision } of services) expect(await store.history(name)).toHaveLength(revision);
        expect(await store.history(`${ownerId}/only-${version + 1}`)).toEqual([]);
        expect(await store.updateOwner(ownerId, version, [serviceOf(`${ownerId}/only-${version + 1}`)], "owner")).toMatchObject({
          ok: true,
        });
      }
      expect([...acknowledged.keys()]).toEqual([]);
    }
  });
});

function lastVersions(lines: string): Map<string, number> {
  const versions = new Map<string, number>();
  for (const [, ownerId, version] of lines.matchAll(/"ownerId":"([^"]+)","version":(\d+)/g))
    versions.set(ownerId!, Number(version));
  return versions;
}

async function untilAnswered<T>(call: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    try {
      const answer = await call();
      if (answer !== undefined) return answer;
    } catch (error) {
      expect(error).toMatchObject(unavailable);
      // A store that is closed, since the test failed, says so at once.
      await nextTurn();
    }
  }
}
