import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OwnerHead, ServiceWrite, Store, StoreResult } from "../../gateway/src/control-plane/store/store.ts";
import { definitionOf } from "../support/definitions.ts";
import type { FakeClock } from "../support/fake-clock.ts";
import { createModelStore } from "../support/model-store.ts";

export interface StoreHarness {
  readonly store: Store;
  /** What the store was given. */
  readonly clock: FakeClock;
  /** Closes the store and opens another one on the same data. */
  reopen(): Promise<Store>;
  dispose(): Promise<void>;
}

const owner = (ownerId: string) => ({ ownerId, ownerName: `${ownerId} & Co`, keyDigest: "ab".repeat(32) });
const service = (name: string, idl = `service ${name} {}`) => ({ name, definition: definitionOf(idl) });
const keep = (name: string): ServiceWrite => ({ name, keep: true });

function headOf(result: StoreResult): OwnerHead {
  if (!result.ok) throw new Error(`refused: ${result.refusal}`);
  return result.head;
}

/** What every store keeps to. `createHarness` gives an open store without data. */
export function describeStore(name: string, createHarness: () => Promise<StoreHarness>): void {
  describe(`store contract: ${name}`, () => {
    let harness: StoreHarness;
    let store: Store;

    beforeEach(async () => {
      harness = await createHarness();
      store = harness.store;
    });
    afterEach(() => harness.dispose());

    it("creates an owner with its services, in their order, at version 1 and revision 1", async () => {
      const head = headOf(await store.createOwner(owner("acme"), [service("B"), service("A")], "owner"));
      expect(head).toEqual({
        ...owner("acme"),
        version: 1,
        services: [
          { name: "B", revision: 1 },
          { name: "A", revision: 1 },
        ],
      });
      expect(await store.owner("acme")).toEqual(head);
      expect(await store.owners()).toEqual([head]);
    });

    it("gives back a revision as it was registered", async () => {
      await harness.clock.advance(1_234);
      const definition = definitionOf("service S {}", {
        idlFiles: { "a.thrift": 'include "b.thrift"\r\n', "b.thrift": "\u0000\u{1F600}\ud800", ["__proto__"]: "x" },
        paths: [],
        registeredServers: [],
        serverCount: 0,
      });
      await store.createOwner(owner("acme"), [{ name: "S", definition }], "master");
      const revision = await store.serviceRevision("S", 1);
      expect(revision).toEqual({
        ownerId: "acme",
        name: "S",
        revision: 1,
        createdAt: harness.clock.now(),
        author: "master",
        definition,
      });
      expect(Object.keys(revision!.definition.idlFiles)).toContain("__proto__");
    });

    it("knows nothing of what was never stored", async () => {
      await store.createOwner(owner("acme"), [service("S")], "owner");
      expect(await store.owner("other")).toBeUndefined();
      expect(await store.serviceRevision("S", 2)).toBeUndefined();
      expect(await store.serviceRevision("S", 0)).toBeUndefined();
      expect(await store.serviceRevision("T", 1)).toBeUndefined();
      expect(await store.history("T")).toEqual([]);
    });

    it("keeps an owner without services", async () => {
      await store.createOwner(owner("acme"), [], "owner");
      expect((await store.owner("acme"))?.services).toEqual([]);
      expect(await store.currentRevisions()).toEqual([]);
    });

    it("refuses an owner that exists, and changes nothing", async () => {
      const head = headOf(await store.createOwner(owner("acme"), [service("S")], "owner"));
      const again = await store.createOwner({ ...owner("acme"), keyDigest: "cd".repeat(32) }, [service("T")], "owner");
      expect(again).toEqual({ ok: false, refusal: "OWNER_EXISTS" });
      expect(await store.owners()).toEqual([head]);
      expect(await store.history("T")).toEqual([]);
    });

    it("refuses a service of another owner, and stores none of its neighbours", async () => {
      await store.createOwner(owner("acme"), [service("Mine")], "owner");
      const refused = { ok: false, refusal: "SERVICE_TAKEN", service: "Mine" };
      expect(await store.createOwner(owner("rival"), [service("Ok"), service("Mine")], "owner")).toEqual(refused);
      expect(await store.owner("rival")).toBeUndefined();
      expect(await store.history("Ok")).toEqual([]);

      await store.createOwner(owner("rival"), [], "owner");
      expect(await store.updateOwner("rival", 1, [service("Ok"), service("Mine")], "owner")).toEqual(refused);
      expect((await store.owner("rival"))?.version).toBe(1);
      expect(await store.history("Ok")).toEqual([]);
      expect(await store.history("Mine")).toHaveLength(1);
    });

    it("replaces the list: a new definition is a new revision, what is kept stays, what is left out goes", async () => {
      await store.createOwner(owner("acme"), [service("A"), service("B"), service("C")], "owner");
      const head = headOf(await store.updateOwner("acme", 1, [keep("C"), service("D"), service("A", "// 2")], "master"));
      expect(head).toEqual({
        ...owner("acme"),
        version: 2,
        services: [
          { name: "C", revision: 1 },
          { name: "D", revision: 1 },
          { name: "A", revision: 2 },
        ],
      });
      expect(await store.owner("acme")).toEqual(head);
      expect((await store.serviceRevision("A", 2))?.author).toBe("master");
      expect((await store.serviceRevision("A", 2))?.definition.idlFiles).toEqual({ "main.thrift": "// 2" });
    });

    it("refuses a version that is no longer current, and an unknown owner", async () => {
      await store.createOwner(owner("acme"), [service("S")], "owner");
      await store.updateOwner("acme", 1, [service("S")], "owner");
      for (const version of [0, 1, 3]) {
        expect(await store.updateOwner("acme", version, [service("S")], "owner")).toEqual({
          ok: false,
          refusal: "VERSION_CHANGED",
        });
      }
      expect(await store.updateOwner("other", 1, [], "owner")).toEqual({ ok: false, refusal: "OWNER_UNKNOWN" });
      expect(await store.history("S")).toHaveLength(2);
    });

    it("lets one of several that update at once win", async () => {
      await store.createOwner(owner("acme"), [], "owner");
      const names = Array.from({ length: 20 }, (_, i) => `S${i}`);
      const results = await Promise.all(names.map((one) => store.updateOwner("acme", 1, [service(one)], "owner")));
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      expect((await store.owner("acme"))?.version).toBe(2);
    });

    it("lets one of several that take a name at once win", async () => {
      const owners = Array.from({ length: 20 }, (_, i) => owner(`o${i}`));
      const results = await Promise.all(owners.map((one) => store.createOwner(one, [service("Same")], "owner")));
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      expect(await store.owners()).toHaveLength(1);
      expect(await store.history("Same")).toHaveLength(1);
    });

    it("never reuses a revision, also when another owner takes the name of a removed service", async () => {
      await store.createOwner(owner("acme"), [service("S", "// 1")], "owner");
      await store.updateOwner("acme", 1, [service("S", "// 2")], "owner");
      await store.updateOwner("acme", 2, [], "owner");
      const taken = headOf(await store.createOwner(owner("heir"), [service("S", "// 3")], "owner"));
      expect(taken.services).toEqual([{ name: "S", revision: 3 }]);
      const history = await store.history("S");
      expect(history.map(({ ownerId, revision }) => [ownerId, revision])).toEqual([
        ["acme", 1],
        ["acme", 2],
        ["heir", 3],
      ]);
    });

    it("gives the current revisions of all owners, and no old or removed ones", async () => {
      await store.createOwner(owner("acme"), [service("A"), service("B")], "owner");
      await store.createOwner(owner("other"), [service("C")], "owner");
      await store.updateOwner("acme", 1, [service("A")], "owner");
      const current = await store.currentRevisions();
      expect(current.map(({ name: of, revision }) => `${of} ${revision}`).sort()).toEqual(["A 2", "C 1"]);
      expect(await store.serviceRevision("A", 2)).toEqual(current.find(({ name: of }) => of === "A"));
    });

    it("rejects lists that no caller should make, and stores nothing of them", async () => {
      await store.createOwner(owner("acme"), [service("S")], "owner");
      await expect(store.createOwner(owner("other"), [service("T"), service("T")], "owner")).rejects.toThrow(TypeError);
      await expect(store.updateOwner("acme", 1, [keep("S"), service("S")], "owner")).rejects.toThrow(TypeError);
      await expect(store.updateOwner("acme", 1, [service("T"), keep("U")], "owner")).rejects.toThrow(TypeError);
      expect((await store.owners()).map(({ ownerId, version }) => [ownerId, version])).toEqual([["acme", 1]]);
      expect(await store.history("T")).toEqual([]);
    });

    const strange = [
      "",
      " ",
      "a",
      "a\u0000",
      "a\u0000b",
      "A",
      "é",
      "e\u0301",
      "\u{1F600}",
      "\ud800",
      "\udfff",
      "__proto__",
      "$where",
      "a.b",
      "x'; DROP TABLE owner; --",
    ];

    it("tells names and IDs apart exactly, whatever is in them", async () => {
      for (const text of strange) headOf(await store.createOwner(owner(text), [service(text)], text));
      const again = await harness.reopen();
      expect(new Set((await again.owners()).map(({ ownerId }) => ownerId))).toEqual(new Set(strange));
      for (const text of strange) {
        expect(await again.owner(text)).toEqual({ ...owner(text), version: 1, services: [{ name: text, revision: 1 }] });
        expect(await again.serviceRevision(text, 1)).toMatchObject({ name: text, ownerId: text, author: text });
      }
    });

    it("keeps settings, the first value for good", async () => {
      expect(await store.setting("master")).toBeUndefined();
      expect(await Promise.all(["a", "b"].map((value) => store.initSetting("master", value)))).toEqual(["a", "a"]);
      expect(await store.initSetting("other\u0000", "\u0000")).toBe("\u0000");
      expect(await store.setting("other")).toBeUndefined();
      const again = await harness.reopen();
      expect(await again.setting("master")).toBe("a");
      expect(await again.setting("other\u0000")).toBe("\u0000");
    });

    it("tells watchers each new head, in order, and those that stopped nothing", async () => {
      const versions: number[] = [];
      const stopped: OwnerHead[] = [];
      const done = deferred();
      store.watch((head) => {
        versions.push(head.version);
        if (head.version === 4) done.resolve();
      });
      const stop = store.watch((head) => stopped.push(head));
      await store.createOwner(owner("acme"), [service("S")], "owner");
      await store.createOwner(owner("acme"), [service("S")], "owner");
      await Promise.all([1, 2].map((version) => store.updateOwner("acme", version, [service("S")], "owner")));
      stop();
      await store.updateOwner("acme", 3, [], "owner");
      await done.promise;
      expect(versions).toEqual([1, 2, 3, 4]);
      expect(stopped.map(({ version }) => version)).not.toContain(4);
    });

    it("lets a watcher write in turn, and everyone sees the order of the changes", async () => {
      const seen: string[] = [];
      const done = deferred();
      store.watch((head) => {
        if (head.version === 1) void store.updateOwner("acme", 1, [], "owner");
      });
      store.watch((head) => {
        seen.push(`${head.ownerId} ${head.version}`);
        if (head.version === 2) done.resolve();
      });
      await store.createOwner(owner("acme"), [], "owner");
      await done.promise;
      expect(seen).toEqual(["acme 1", "acme 2"]);
    });

    it("answers pings while it is open, and STORE_UNAVAILABLE afterwards", async () => {
      await store.ping();
      await store.close();
      await store.close();
      const unavailable = { name: "GatewayError", code: "STORE_UNAVAILABLE" };
      await expect(store.ping()).rejects.toMatchObject(unavailable);
      await expect(store.owners()).rejects.toMatchObject(unavailable);
      await expect(store.createOwner(owner("acme"), [], "owner")).rejects.toMatchObject(unavailable);
      await expect(store.updateOwner("acme", 1, [], "owner")).rejects.toMatchObject(unavailable);
      await expect(store.initSetting("a", "b")).rejects.toMatchObject(unavailable);
    });

    it("does what a simple model does, for any sequence of operations", async () => {
      const names = fc.constantFrom("A", "B", "C", "D", "a\u0000");
      const ids = fc.constantFrom("x", "y", "z");
      const text = fc.string({ unit: "binary", maxLength: 8 });
      const list = fc.uniqueArray(fc.record({ name: names, text: fc.option(text) }), {
        selector: (item) => item.name,
        maxLength: 5,
      });
      const operation = fc.oneof(
        fc.record({ kind: fc.constant("create" as const), ownerId: ids, list }),
        fc.record({ kind: fc.constant("update" as const), ownerId: ids, stale: fc.boolean(), list }),
        fc.record({ kind: fc.constant("setting" as const), name: names, value: text }),
        fc.constant({ kind: "reopen" as const }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
          const fresh = await createHarness();
          try {
            await compareWithModel(fresh, operations);
          } finally {
            await fresh.dispose();
          }
        }),
        { numRuns: 30 },
      );
    });
  });
}

type Operation =
  | { readonly kind: "create"; readonly ownerId: string; readonly list: readonly Item[] }
  | { readonly kind: "update"; readonly ownerId: string; readonly stale: boolean; readonly list: readonly Item[] }
  | { readonly kind: "setting"; readonly name: string; readonly value: string }
  | { readonly kind: "reopen" };

/** `text`: of a new definition; `null`: keep the one that is there. */
interface Item {
  readonly name: string;
  readonly text: string | null;
}

async function compareWithModel(harness: StoreHarness, operations: readonly Operation[]): Promise<void> {
  const model = createModelStore(harness.clock);
  let { store } = harness;
  for (const operation of operations) {
    switch (operation.kind) {
      case "create": {
        const services = operation.list.map(({ name, text }) => service(name, text ?? ""));
        const result = await store.createOwner(owner(operation.ownerId), services, "owner");
        expect(result).toEqual(model.createOwner(owner(operation.ownerId), services, "owner"));
        break;
      }
      case "update": {
        const head = model.owner(operation.ownerId);
        const version = (head?.version ?? 1) - (operation.stale ? 1 : 0);
        const held = new Set(head?.services.map(({ name }) => name));
        const services = operation.list.map(({ name, text }) =>
          text === null && held.has(name) ? keep(name) : service(name, text ?? ""),
        );
        const result = await store.updateOwner(operation.ownerId, version, services, "owner");
        expect(result).toEqual(model.updateOwner(operation.ownerId, version, services, "owner"));
        break;
      }
      case "setting":
        expect(await store.initSetting(operation.name, operation.value)).toBe(model.initSetting(operation.name, operation.value));
        break;
      case "reopen":
        store = await harness.reopen();
        break;
    }
    await harness.clock.advance(1);
  }
  const byOwner = (a: OwnerHead, b: OwnerHead) => (a.ownerId < b.ownerId ? -1 : 1);
  expect([...(await store.owners())].sort(byOwner)).toEqual(model.owners().sort(byOwner));
  for (const name of model.names()) expect(await store.history(name)).toEqual(model.history(name));
  const current = await store.currentRevisions();
  expect(new Set(current)).toEqual(new Set(model.currentRevisions()));
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
