import { expect, test } from "vitest";
import type { OwnerHead, Store } from "../../../../../gateway/src/control-plane/store/store.ts";
import { digestApiKey } from "../../../../../gateway/src/core/api-key.ts";
import { GatewayError } from "../../../../../gateway/src/core/errors.ts";
import { connection, MASTER_KEY, startControlPlane } from "../../../../support/control-plane.ts";
import { definitionOf } from "../../../../support/definitions.ts";
import { createFakeClock, type FakeClock } from "../../../../support/fake-clock.ts";
import { createMemoryRegistry } from "../../../../support/memory-registry.ts";
import { createMemoryStore } from "../../../../support/memory-store.ts";

const KEY = "ann-s-key";
const SERVER = {
  serverId: "00000000-0000-5000-8000-000000000001",
  serviceName: "AssetManagement",
  address: "127.0.0.1",
  port: 8000,
  weight: 1,
  meta: {},
};
const service = { name: "AssetManagement", definition: definitionOf("service AssetManagement { void insert() }") };
const ann = { ownerId: "ann", ownerName: "Ann", keyDigest: digestApiKey(KEY) };

/** A gateway on a store that tells nothing of what others write until it is asked to. */
async function startLate({ read = async () => {}, ...faults }: Partial<Store> & { read?: () => Promise<void> } = {}) {
  const clock = createFakeClock();
  const others = createMemoryStore(clock);
  const watched: ((head: OwnerHead) => void)[] = [];
  const untold: OwnerHead[] = [];
  others.watch((head) => untold.push(head));
  let reads = 0;
  const store: Store = {
    ...others,
    ...faults,
    watch(listener) {
      watched.push(listener);
      return () => {};
    },
    async catchUp() {
      reads += 1;
      await read();
      for (const head of untold.splice(0)) for (const listener of watched) listener(head);
    },
  };
  const registry = createMemoryRegistry(clock, { timeToLiveMs: 45_000, timeToDieMs: 90_000, rememberMs: 86_400_000 });
  const started = await startControlPlane({ options: { clock, store, registry } });
  return { ...started, clock, others, registry, reads: () => reads };
}

/** Until it is answered, however much time has to pass. */
async function goOnUntil<T>(clock: FakeClock, answer: PromiseLike<T>): Promise<T> {
  let done = false;
  const ended = Promise.resolve(answer).finally(() => {
    done = true;
  });
  while (!done) await clock.advance(10);
  return ended;
}

test("a server connects with the key that another gateway has just issued", async () => {
  const { api, clock, others, reads, snapshot } = await startLate();
  await others.createOwner(ann, [service], "owner");
  await goOnUntil(clock, api.post("/connect").send(connection(KEY)).expect(200));
  expect(snapshot.entry("AssetManagement")?.instances).toHaveLength(1);
  expect(reads()).toBe(1);
});

test.each([KEY, MASTER_KEY])("a server of a service that another gateway has just taken in connects with %s", async (key) => {
  const { api, clock, others, reads } = await startLate();
  await others.createOwner(ann, [], "owner");
  await goOnUntil(clock, api.post("/connect").send(connection(KEY)).expect(404));
  await others.updateOwner("ann", 1, [service], "owner");
  await goOnUntil(clock, api.post("/connect").send(connection(key)).expect(200));
  expect(reads()).toBe(3);
});

test("a service that changed hands at another gateway is its new owner's here", async () => {
  const { api, clock, others } = await startLate();
  await others.createOwner({ ...ann, ownerId: "bob", keyDigest: digestApiKey("bob-s-key") }, [service], "owner");
  await others.createOwner(ann, [], "owner");
  await goOnUntil(clock, api.post("/connect").send(connection(KEY)).expect(403));
  await others.updateOwner("bob", 1, [], "owner");
  await others.updateOwner("ann", 1, [service], "owner");
  await goOnUntil(clock, api.post("/connect").send(connection(KEY)).expect(200));
});

test.each(["/health", "/disconnect"])("%s takes the key that another gateway has just issued", async (path) => {
  const { api, clock, others, registry } = await startLate();
  await others.createOwner(ann, [service], "owner");
  await registry.join(SERVER);
  await goOnUntil(clock, api.post(path).send({ ApiKey: KEY, ServerID: SERVER.serverId }).expect(200));
});

test("made-up keys and names get no more reads than time allows, and hold up nobody", async () => {
  const { api, clock, others, reads } = await startLate();
  await others.createOwner(ann, [service], "owner");
  await goOnUntil(clock, api.post("/connect").send(connection(KEY)).expect(200));
  const [before, begunAtMs] = [reads(), clock.monotonicMs()];

  const hostile: PromiseLike<unknown>[] = [];
  for (let count = 0; count < 60; count += 1) {
    hostile.push(
      api
        .post("/connect")
        .send(connection(`made-up-${count}`))
        .expect(401),
    );
    hostile.push(
      api
        .post("/connect")
        .send(connection(KEY, { ServiceName: `MadeUp${count}` }))
        .expect(404),
    );
    // The clock stands still: one that had to wait would wait for ever.
    if (count % 20 === 0) await api.post("/connect").send(connection(KEY)).expect(200);
  }
  await goOnUntil(clock, Promise.all(hostile));
  expect(reads() - before).toBeLessThanOrEqual(1 + (clock.monotonicMs() - begunAtMs) / 250);
});

test("while the store can't be read, an unknown key is an unknown key, soon", async () => {
  const { api, clock } = await startLate({
    async read() {
      throw new GatewayError("STORE_UNAVAILABLE", "gone");
    },
  });
  await goOnUntil(clock, api.post("/connect").send(connection(KEY)).expect(401));

  const hung = await startLate({ read: () => new Promise(() => {}) });
  for (let count = 0; count < 2; count += 1) {
    const begunAtMs = hung.clock.monotonicMs();
    await goOnUntil(hung.clock, hung.api.post("/connect").send(connection(KEY)).expect(401));
    expect(hung.clock.monotonicMs() - begunAtMs).toBeLessThanOrEqual(3_000);
  }
});

test("a change that can't be published holds up nobody for long", async () => {
  const { api, clock, others } = await startLate({ serviceRevision: () => new Promise(() => {}) });
  await others.createOwner(ann, [service], "owner");
  await goOnUntil(clock, api.post("/connect").send(connection(KEY)).expect(401));
  expect(clock.monotonicMs()).toBeLessThanOrEqual(3_000);
});
