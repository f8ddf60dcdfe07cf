import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLastSnapshotStore } from "../../../../../gateway/src/control-plane/store/last-snapshot-store.ts";
import type { OwnerHead, Store } from "../../../../../gateway/src/control-plane/store/store.ts";
import { GatewayError } from "../../../../../gateway/src/core/errors.ts";
import { createLogger } from "../../../../../gateway/src/core/logger.ts";
import { definitionOf } from "../../../../support/definitions.ts";
import { createFakeClock, type FakeClock } from "../../../../support/fake-clock.ts";
import { createMemoryStore } from "../../../../support/memory-store.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

const unavailable = { name: "GatewayError", code: "STORE_UNAVAILABLE" };
const owner = (ownerId: string) => ({ ownerId, ownerName: ownerId, keyDigest: "ab".repeat(32) });
const service = (name: string, idl = `service ${name} {}`) => ({ name, definition: definitionOf(idl) });

/** A store on a machine of its own: what gateways hold is a connection to it. */
function createRemote(clock: FakeClock) {
  const data = createMemoryStore(clock);
  const unreadable = new Set<string>();
  let gone = false;
  let opens = 0;
  const answer =
    <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) =>
    async (...args: Args) => {
      if (gone) throw new GatewayError("STORE_UNAVAILABLE", "gone");
      return call(...args);
    };
  const store: Store = {
    ...data,
    open: answer(async () => {
      opens += 1;
    }),
    createOwner: answer(data.createOwner),
    updateOwner: answer(data.updateOwner),
    owner: answer(data.owner),
    owners: answer(data.owners),
    serviceRevision: answer(async (name, revision) =>
      unreadable.has(`${name} ${revision}`) ? undefined : data.serviceRevision(name, revision),
    ),
    currentRevisions: answer(data.currentRevisions),
    history: answer(data.history),
    setting: answer(data.setting),
    initSetting: answer(data.initSetting),
    ping: answer(data.ping),
  };
  return {
    store,
    data,
    unreadable,
    setGone(value: boolean) {
      gone = value;
    },
    get opens() {
      return opens;
    },
  };
}

function createInstallation() {
  const dataDir = temporaryDirectory();
  const clock = createFakeClock();
  const remote = createRemote(clock);
  const logger = createLogger({ level: "silent" });
  const create = () => createLastSnapshotStore({ store: remote.store, dataDir, clock, logger });
  return {
    ...remote,
    clock,
    remote,
    directory: join(dataDir, "last-snapshot"),
    create,
    async start(): Promise<Store> {
      const store = create();
      await store.open();
      onTestFinished(() => store.close());
      return store;
    },
  };
}

/** One that ran, saved what the store held, and ended; then the store went away. */
async function leftAlone() {
  const installation = createInstallation();
  const store = await installation.start();
  await store.createOwner(owner("acme"), [service("A"), service("B")], "owner");
  await store.createOwner(owner("other"), [], "owner");
  await store.initSetting("masterKeyDigest", "digest");
  await store.close();
  installation.setGone(true);
  return installation;
}

describe("a store that keeps a last snapshot", () => {
  it("hands everything to the store while it is there", async () => {
    const { start, data } = createInstallation();
    const store = await start();
    const heads: OwnerHead[] = [];
    store.watch((head) => heads.push(head));
    await store.createOwner(owner("acme"), [service("S")], "owner");
    await data.updateOwner("acme", 1, [], "owner");
    await Promise.resolve();
    expect(heads.map(({ version }) => version)).toEqual([1, 2]);
    expect(await store.owner("acme")).toEqual(await data.owner("acme"));
    expect(await store.history("S")).toHaveLength(1);
    await store.ping();
  });

  it("does not start without the store when it has none", async () => {
    const { create, setGone } = createInstallation();
    setGone(true);
    const store = create();
    await expect(store.open()).rejects.toMatchObject(unavailable);
    await store.close();
  });

  it("serves what the store last held when that is gone at the start, and refuses changes", async () => {
    const { start, data, clock } = await leftAlone();
    await clock.advance(60_000);
    const store = await start();
    expect(await store.owners()).toEqual(await data.owners());
    expect(await store.owner("acme")).toEqual(await data.owner("acme"));
    expect(await store.owner("nobody")).toBeUndefined();
    expect(await store.currentRevisions()).toEqual(await data.currentRevisions());
    expect(await store.serviceRevision("A", 1)).toEqual(await data.serviceRevision("A", 1));
    expect(await store.setting("masterKeyDigest")).toBe("digest");
    for (const refused of [
      store.ping(),
      store.createOwner(owner("new"), [], "owner"),
      store.updateOwner("acme", 1, [], "owner"),
      store.history("A"),
      store.serviceRevision("A", 2),
      store.setting("unknown"),
      store.initSetting("masterKeyDigest", "other"),
    ]) {
      await expect(refused).rejects.toMatchObject(unavailable);
    }
    expect(store.lastSnapshot?.()).toMatchObject({ inUse: true });
  });

  it("tries again until the store is back, tells what changed meanwhile, and takes changes", async () => {
    const { start, data, clock, setGone } = await leftAlone();
    const store = await start();
    const heads: OwnerHead[] = [];
    store.watch((head) => heads.push(head));
    await clock.advance(10_000);
    await data.updateOwner("acme", 1, [service("A", "// 2")], "owner");
    setGone(false);
    await clock.advance(500);
    expect(heads).toEqual([await data.owner("acme")]);
    expect(store.lastSnapshot?.()).toMatchObject({ inUse: false });
    expect(await store.updateOwner("acme", 2, [], "owner")).toMatchObject({ ok: true });
    await store.ping();
  });

  it("knows how old it is", async () => {
    const { start, clock, setGone } = await leftAlone();
    setGone(false);
    const store = await start();
    await clock.advance(1_000);
    await expect.poll(() => store.lastSnapshot?.()).toMatchObject({ inUse: false });
    setGone(true);
    const before = store.lastSnapshot!()!.ageMs;
    await clock.advance(90_000);
    expect(store.lastSnapshot?.()?.ageMs).toBe(before + 90_000);
  });

  it("writes what a change adds, and removes what nobody needs", async () => {
    const { start, clock, directory } = createInstallation();
    const store = await start();
    await store.createOwner(owner("acme"), [service("A"), service("B")], "owner");
    await clock.advance(1_000);
    const files = () => readdirSync(directory).filter((file) => !file.endsWith(".new"));
    await expect.poll(files).toHaveLength(3);
    const before = new Map(files().map((file) => [file, statSync(join(directory, file)).ino]));
    await store.updateOwner("acme", 1, [service("A", "// 2"), { name: "B", keep: true }], "owner");
    await clock.advance(1_000);
    await expect.poll(() => files().filter((file) => !before.has(file))).toHaveLength(1);
    await expect.poll(files).toHaveLength(3);
    const kept = files().filter((file) => statSync(join(directory, file)).ino === before.get(file));
    expect(kept).toHaveLength(1);
  });

  it("keeps the last revision of a service that can be read", async () => {
    const { start, data, clock, setGone, unreadable } = createInstallation();
    const first = await start();
    await first.createOwner(owner("acme"), [service("A", "// 1"), service("B", "// 1")], "owner");
    await clock.advance(1_000);
    unreadable.add("A 2");
    await first.updateOwner("acme", 1, [service("A", "// 2"), service("B", "// 2")], "owner");
    await first.close();
    setGone(true);
    const store = await start();
    expect((await store.owner("acme"))?.services).toEqual([
      { name: "A", revision: 1 },
      { name: "B", revision: 2 },
    ]);
    expect(await store.serviceRevision("A", 1)).toEqual(await data.serviceRevision("A", 1));
  });

  it("leaves out a revision whose file is damaged, and no other", async () => {
    const { start, directory } = await leftAlone();
    const [damaged] = readdirSync(directory).filter(
      (file) => readFileSync(join(directory, file), "utf8").includes('"name":"A"') && file !== "index.json",
    );
    appendFileSync(join(directory, damaged!), " ");
    const store = await start();
    expect((await store.currentRevisions()).map(({ name }) => name)).toEqual(["B"]);
    expect(await store.serviceRevision("A", 1)).toBeUndefined();
    expect((await store.owner("acme"))?.services).toHaveLength(2);
  });

  it.each([
    ["cut off", (text: string) => text.slice(0, -10)],
    ["changed", (text: string) => text.replace("acme", "ACME")],
    ["empty", () => ""],
  ])("does not start from an index that is %s", async (_how, damage) => {
    const { create, directory } = await leftAlone();
    const index = join(directory, "index.json");
    writeFileSync(index, damage(readFileSync(index, "utf8")));
    const store = create();
    await expect(store.open()).rejects.toMatchObject(unavailable);
    await store.close();
  });

  it("serves on when its directory can't be written to, and saves when it can again", async () => {
    const { start, clock, directory } = createInstallation();
    writeFileSync(directory, "in the way");
    const store = await start();
    await store.createOwner(owner("acme"), [service("A")], "owner");
    await clock.advance(1_000);
    expect(await store.owner("acme")).toBeDefined();
    rmSync(directory);
    const ageLater = async () => {
      await clock.advance(30_000);
      return store.lastSnapshot?.();
    };
    await expect.poll(ageLater).toBeDefined();
    expect(readdirSync(directory)).toHaveLength(2);
  });

  it("opens the store once", async () => {
    const { start, remote, clock, setGone } = await leftAlone();
    const before = remote.opens;
    await start();
    setGone(false);
    await clock.advance(5_000);
    expect(remote.opens).toBe(before + 1);
  });
});
