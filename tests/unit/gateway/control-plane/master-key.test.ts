import { describe, expect, test } from "vitest";
import { registration, startControlPlane } from "../../../support/control-plane.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { createMemoryStore } from "../../../support/memory-store.ts";

describe("a master key that nobody configured", () => {
  test("is generated and shown at the first start alone, works, and is in no log line", async () => {
    const store = createMemoryStore(createFakeClock());
    const shown: string[] = [];
    const options = { store, announceMasterKey: (key: string) => void shown.push(key) };
    const config = { masterKey: undefined };
    const first = await startControlPlane({ config, options });
    await first.register();
    await startControlPlane({ config, options });
    expect(shown).toHaveLength(1);
    const [masterKey] = shown;
    expect(masterKey).toMatch(/^[A-Za-z0-9_-]{43}$/);
    await first.api.put("/update?ownerid=ann").set({ apikey: masterKey! }).send(registration([])).expect(200);
    expect(first.log.join()).not.toContain(masterKey);
    expect(await store.setting("masterKeyDigest")).toMatch(/^[0-9a-f]{64}$/);
  });

  test("a configured one takes its place", async () => {
    const store = createMemoryStore(createFakeClock());
    await startControlPlane({ config: { masterKey: undefined }, options: { store, announceMasterKey: () => {} } });
    const { api, register } = await startControlPlane({ config: { masterKey: "configured-master-key" }, options: { store } });
    await register();
    await api.put("/update?ownerid=ann").set({ apikey: "configured-master-key" }).send(registration([])).expect(200);
  });
});
