import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { createEmbeddedStore } from "../../gateway/src/control-plane/store/embedded-store.ts";
import type { OwnerHead, Store } from "../../gateway/src/control-plane/store/store.ts";
import { systemClock } from "../../gateway/src/core/clock.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const writerScript = fileURLToPath(new URL("../support/store-writer.mjs", import.meta.url));
const rounds = 30;
const maxAcknowledged = 80;

interface WriterEvent {
  readonly event: "opening" | "open" | "stored";
  readonly ownerId?: string;
  readonly version?: number;
}

interface Writer {
  readonly child: ChildProcess;
  /** The last version of each owner that was acknowledged. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** Until it has told so many events. */
  told(count: number): Promise<void>;
  /** With SIGKILL; until it is gone and all it told was read. */
  kill(): Promise<void>;
  errors(): string;
}

function startWriter(dataDir: string, prefix: string): Writer {
  const child = spawn(process.execPath, [writerScript, dataDir, prefix], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const acknowledged = new Map<string, number>();
  const waiting = new Set<() => void>();
  let told = 0;
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    errors += chunk;
  });
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    const { ownerId, version } = JSON.parse(line) as WriterEvent;
    if (ownerId !== undefined && version !== undefined) acknowledged.set(ownerId, version);
    told += 1;
    for (const check of waiting) check();
  });
  const closed = Promise.all([once(lines, "close"), once(child, "close")]);
  return {
    child,
    acknowledged,
    told: (count) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (told >= count) resolve();
        };
        waiting.add(check);
        child.once("close", () => reject(new Error(`the writer ended by itself: ${errors}`)));
        check();
      }),
    async kill() {
      child.kill("SIGKILL");
      await closed;
    },
    errors: () => errors,
  };
}

async function openStore(dataDir: string): Promise<Store> {
  const store = createEmbeddedStore({ dataDir, clock: systemClock, timeoutMs: 0 });
  await store.open();
  return store;
}

/** The head is what the writer's plan says of its version, and nothing of the next version is there. */
async function assertWhole(store: Store, { ownerId, version, services }: OwnerHead): Promise<void> {
  expect(services).toEqual([
    { name: `${ownerId}/kept`, revision: 1 },
    { name: `${ownerId}/changed`, revision: version },
    { name: `${ownerId}/only-${version}`, revision: 1 },
  ]);
  const history = await store.history(`${ownerId}/changed`);
  expect(history.map(({ revision, definition }) => [revision, definition.version])).toEqual(
    Array.from({ length: version }, (_, i) => [i + 1, String(i + 1)]),
  );
  expect(history.at(-1)?.definition.idlFiles["main.thrift"]).toBe(`// ${version}\n`.repeat(500));
  expect(await store.history(`${ownerId}/only-${version + 1}`)).toEqual([]);
}

it(`loses no acknowledged change and leaves no half one when killed at ${rounds} moments`, { timeout: 60_000 }, async () => {
  const dataDir = temporaryDirectory();
  const heads = new Map<string, OwnerHead>();
  let acknowledged = 0;
  for (let round = 0; round < rounds; round++) {
    const writer = startWriter(dataDir, String(round));
    // Two events come before the first change.
    await writer.told(2 + Math.floor(Math.random() * maxAcknowledged));
    await writer.kill();
    expect(writer.errors()).toBe("");

    const store = await openStore(dataDir);
    try {
      const owners = new Map((await store.owners()).map((head) => [head.ownerId, head]));
      for (const [ownerId, head] of heads) expect(owners.get(ownerId)).toEqual(head);
      let unacknowledged = 0;
      for (const [ownerId, head] of owners) {
        if (heads.has(ownerId)) continue;
        heads.set(ownerId, head);
        unacknowledged += head.version - (writer.acknowledged.get(ownerId) ?? 0);
        await assertWhole(store, head);
      }
      for (const [ownerId, version] of writer.acknowledged) {
        expect(owners.get(ownerId)?.version).toBeGreaterThanOrEqual(version);
        acknowledged += 1;
      }
      // The one that was stored while it was killed.
      expect(unacknowledged).toBeLessThanOrEqual(1);
    } finally {
      await store.close();
    }
  }
  expect(acknowledged).toBeGreaterThan(rounds);
});

it("opens a data directory whose making was cut off", { timeout: 60_000 }, async () => {
  for (let round = 0; round < 6; round++) {
    const dataDir = temporaryDirectory();
    const writer = startWriter(dataDir, "first");
    await writer.told(1);
    // Not a wait for anything: it picks the moment.
    await setTimeout(Math.random() * 20);
    await writer.kill();
    const store = await openStore(dataDir);
    for (const head of await store.owners()) await assertWhole(store, head);
    await store.close();
  }
});

it("refuses a second process, and opens at once when the first was killed", async () => {
  const dataDir = temporaryDirectory();
  const writer = startWriter(dataDir, "first");
  await writer.told(3);
  await expect(openStore(dataDir)).rejects.toThrow(
    `The data directory ${dataDir} is in use by another process: ${dataDir}/store.lock is locked. Stop that process, or name another directory (--data-dir)`,
  );
  const before = writer.acknowledged.size;
  await writer.told(20);
  expect(writer.acknowledged.size).toBeGreaterThan(before);
  await writer.kill();
  const store = await openStore(dataDir);
  expect((await store.owners()).length).toBeGreaterThanOrEqual(writer.acknowledged.size);
  await store.close();
});
