import { expect, it } from "vitest";
import { createEmbeddedStore } from "../../../../../gateway/src/control-plane/store/embedded-store.ts";
import type { Store } from "../../../../../gateway/src/control-plane/store/store.ts";
import { definitionOf } from "../../../../support/definitions.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

const owner = (ownerId: string) => ({ ownerId, ownerName: ownerId, keyDigest: "ab" });
const service = (name: string, bytes = 10) => ({ name, definition: definitionOf("x".repeat(bytes)) });
const unavailable = { name: "GatewayError", code: "STORE_UNAVAILABLE", status: 503 };

async function openStore(options: { maxBytes?: number } = {}): Promise<Store> {
  const store = createEmbeddedStore({ dataDir: temporaryDirectory(), clock: createFakeClock(), ...options });
  await store.open();
  return store;
}

it("answers STORE_UNAVAILABLE on a full disk, stores nothing of that change, and works on", async () => {
  const store = await openStore({ maxBytes: 300_000 });
  await store.createOwner(owner("acme"), [service("S")], "owner");
  const heads: unknown[] = [];
  store.watch((head) => heads.push(head));
  const failed = store.createOwner(owner("big"), [service("Small"), service("Big", 1_000_000)], "owner");
  await expect(failed).rejects.toMatchObject(unavailable);
  await expect(failed).rejects.not.toThrow(/sqlite|full|\//i);
  await expect(store.updateOwner("acme", 1, [service("T"), service("S", 1_000_000)], "owner")).rejects.toMatchObject(unavailable);
  expect(heads).toEqual([]);
  expect((await store.owners()).map(({ ownerId, version }) => [ownerId, version])).toEqual([["acme", 1]]);
  for (const name of ["Small", "Big", "T"]) expect(await store.history(name)).toEqual([]);
  expect(await store.history("S")).toHaveLength(1);
  await store.ping();
  expect(await store.updateOwner("acme", 1, [service("S", 1_000)], "owner")).toMatchObject({ ok: true });
  expect(heads).toHaveLength(1);
  await store.close();
});

it("writes what a change changes, whatever else the owner and the store hold", async () => {
  const store = await openStore();
  const names = Array.from({ length: 300 }, (_, i) => `S${i}`);
  await store.createOwner(
    owner("acme"),
    names.map((name) => service(name)),
    "owner",
  );
  const kept = names.map((name) => ({ name, keep: true }) as const);
  await store.updateOwner("acme", 1, [...kept, service("New")], "owner");
  await store.updateOwner("acme", 2, [...kept.slice(1), service("New")], "owner");
  const reversed = [service("New"), ...kept.slice(1).reverse()];
  const result = await store.updateOwner("acme", 3, reversed, "owner");
  const head = await store.owner("acme");
  expect(result).toEqual({ ok: true, head });
  expect(head?.services.map(({ name }) => name)).toEqual(reversed.map(({ name }) => name));
  expect(head?.services[0]).toEqual({ name: "New", revision: 3 });
  expect(await store.history("S5")).toHaveLength(1);
  await store.close();
});

it("can be closed and opened again, and goes on telling", async () => {
  const store = await openStore();
  await store.createOwner(owner("acme"), [service("S")], "owner");
  await store.close();
  await store.open();
  expect(await store.owners()).toHaveLength(1);
  await store.close();
});
