import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../../../gateway/src/core/clock.ts";
import type { Instance } from "../../../../../gateway/src/snapshot/snapshot.ts";
import { echo, type PeerCall, startThriftPeer, type ThriftPeer } from "../../../../support/thrift-peer.ts";
import { type Bench, createBench, instanceAt, type SkippingClock, summary } from "./fixtures.ts";

let bench: Bench;
let clock: SkippingClock;
let peer: ThriftPeer;
let instance: Instance;
/** What each connection's thread has before it; the first is under way. */
let queues: Map<Socket, PeerCall[]>;

/** Stands still between jumps, so that swift calls take no time at all, however busy the machine is. */
function createStandingClock(): SkippingClock {
  let atMs = 0;
  return {
    ...systemClock,
    monotonicMs: () => atMs,
    skip(ms) {
      atMs += ms;
    },
  };
}

const takesLong = (call: PeerCall | undefined) => call?.name.startsWith("slow") ?? false;

/** Runs what takes no time, up to the first call that does. */
function run(queue: PeerCall[]): void {
  while (queue.length > 0 && !takesLong(queue[0])) echo(queue.shift()!);
}

/** The slow calls that are under way end after so long. */
function finishSlow(ms: number): void {
  clock.skip(ms);
  for (const queue of queues.values()) {
    if (!takesLong(queue[0])) continue;
    echo(queue.shift()!);
    run(queue);
  }
}

const slowUnderWay = () => [...queues.values()].filter((queue) => takesLong(queue[0])).length;
const held = () => [...queues.values()].flat().length;

/** Teaches how long they take. */
async function learn(...names: string[]): Promise<void> {
  for (const name of names) {
    const ending = bench.ask(instance, { name });
    if (name.startsWith("slow")) {
      await peer.until(() => slowUnderWay() === 1);
      finishSlow(50);
    }
    expect((await ending).kind).toBe("reply");
  }
}

beforeEach(async () => {
  clock = createStandingClock();
  bench = createBench({}, { clock });
  queues = new Map();
  // As servers in Python, C++, Go and Java do: a connection's calls one after the other.
  peer = await startThriftPeer({
    behaviour(call) {
      const queue = queues.get(call.socket) ?? [];
      queues.set(call.socket, queue);
      queue.push(call);
      run(queue);
    },
  });
  instance = instanceAt(peer.port);
});

afterEach(async () => {
  await bench.connections.close();
  await peer.close();
  expect(bench.faults).toEqual([]);
  expect(bench.deadlines.size).toBe(0);
});

describe("an instance that answers in order", () => {
  it("answers swift calls while a slow one runs, once it is known to be slow", async () => {
    await learn("swift", "slow");
    const slow = bench.ask(instance, { name: "slow", text: "slow", deadlineMs: 60_000 });
    const swift = Array.from({ length: 10 }, () => bench.ask(instance, { name: "swift", text: "swift" }));
    expect((await Promise.all(swift)).map(summary)).toEqual(swift.map(() => "reply swift"));
    await peer.until(() => slowUnderWay() === 1);
    expect(peer.accepted).toBe(2);
    finishSlow(50);
    expect(summary(await slow)).toBe("reply slow");
  });

  it("keeps a connection for swift calls however many slow ones come", async () => {
    await learn("swift", "slow");
    const slow = Array.from({ length: 20 }, () => bench.ask(instance, { name: "slow", deadlineMs: 60_000 }));
    await peer.until(() => held() === 20);
    const swift = Array.from({ length: 10 }, () => bench.ask(instance, { name: "swift", text: "swift" }));
    expect((await Promise.all(swift)).map(summary)).toEqual(swift.map(() => "reply swift"));
    const more = Array.from({ length: 20 }, () => bench.ask(instance, { name: "slow", deadlineMs: 60_000 }));
    await peer.until(() => held() === 40);
    const others = Array.from({ length: 10 }, () => bench.ask(instance, { name: "swift", text: "swift" }));
    expect((await Promise.all(others)).map(summary)).toEqual(others.map(() => "reply swift"));
    expect(peer.accepted).toBeLessThanOrEqual(4);
    while (held() > 0) finishSlow(50);
    expect((await Promise.all([...slow, ...more])).every(({ kind }) => kind === "reply")).toBe(true);
  });

  it("gets more connections for slow calls, one after the other as these prove that they are served", async () => {
    await learn("swift", "slow");
    const endings = [];
    for (let connections = 2; connections <= 4; connections++) {
      endings.push(...Array.from({ length: 4 }, () => bench.ask(instance, { name: "slow", deadlineMs: 60_000 })));
      await peer.until(() => held() === 4);
      expect(peer.accepted).toBe(connections);
      while (held() > 0) finishSlow(50);
      await Promise.all(endings);
    }
  });

  it("where all methods take as long has none that is slow", async () => {
    await learn("slow-one", "slow-other");
    const endings = ["slow-one", "slow-other"].map((name) => bench.ask(instance, { name, deadlineMs: 60_000 }));
    await peer.until(() => held() === 2);
    // The second waits for no other's end: it has a connection of its own.
    expect(slowUnderWay()).toBe(2);
    finishSlow(50);
    expect((await Promise.all(endings)).every(({ kind }) => kind === "reply")).toBe(true);
  });

  it("takes a method for swift again that was slow once", async () => {
    await learn("swift");
    peer.behaviour = () => {};
    const cold = bench.ask(instance, { name: "cold" });
    await peer.until(({ calls }) => calls.length === 2);
    clock.skip(50);
    echo(peer.calls[1]!);
    await cold;
    peer.behaviour = echo;
    for (let call = 0; call < 40; call++) await bench.ask(instance, { name: "cold" });
    const before = peer.accepted;
    await bench.ask(instance, { name: "swift" });
    const both = [bench.ask(instance, { name: "cold" }), bench.ask(instance, { name: "swift" })];
    await Promise.all(both);
    const [one, other] = peer.calls.slice(-2);
    expect(one!.socket).toBe(other!.socket);
    expect(peer.accepted).toBe(before);
  });

  it("learns from a call that ends without an answer, too", async () => {
    await learn("swift");
    const lost = bench.ask(instance, { name: "slow", deadlineMs: 50 });
    await peer.until(() => slowUnderWay() === 1);
    clock.skip(60);
    expect(summary(await lost)).toBe("UPSTREAM_TIMEOUT");
    finishSlow(0);
    await bench.ask(instance, { name: "swift" });
    const slow = bench.ask(instance, { name: "slow", deadlineMs: 60_000 });
    expect(summary(await bench.ask(instance, { name: "swift", text: "swift" }))).toBe("reply swift");
    await peer.until(() => slowUnderWay() === 1);
    finishSlow(50);
    await slow;
  });

  it("loses one call at most where it never looks at a second connection", async () => {
    await learn("swift");
    const first = peer.connections[0]!;
    const serve = peer.behaviour;
    peer.behaviour = (call) => {
      if (call.socket === first) serve(call);
    };
    const slow = bench.ask(instance, { name: "slow", deadlineMs: 60_000 });
    await peer.until(() => slowUnderWay() === 1);
    clock.skip(20);
    const endings = Array.from({ length: 8 }, () => bench.ask(instance, { name: "swift", deadlineMs: 200 }));
    await peer.until(({ calls }) => calls.length === 2 + 8);
    finishSlow(1);
    expect((await slow).kind).toBe("reply");
    await expect.poll(() => bench.connections.observed(instance.id).inFlight).toBe(1);
    clock.skip(210);
    const lost = (await Promise.all(endings)).filter(({ kind }) => kind !== "reply");
    expect(lost.map(summary)).toEqual(["UPSTREAM_TIMEOUT"]);
    expect(peer.accepted).toBe(2);
  });
});

describe("an instance that answers out of order", () => {
  it("gets all on one connection, as deep as it may be, however long calls take", async () => {
    const calls: PeerCall[] = [];
    peer.behaviour = (call) => calls.push(call);
    const first = [bench.ask(instance, { name: "slow" }), bench.ask(instance, { name: "swift" })];
    await peer.until(() => calls.length === 2);
    clock.skip(50);
    for (const call of calls.splice(0).reverse()) echo(call);
    await Promise.all(first);
    const endings = Array.from({ length: 16 }, (_, index) => {
      clock.skip(50);
      return bench.ask(instance, { name: index % 2 === 0 ? "slow" : "swift", deadlineMs: 60_000 });
    });
    await peer.until(() => calls.length === 16);
    expect(peer.accepted).toBe(1);
    endings.push(bench.ask(instance, { deadlineMs: 60_000 }));
    await peer.until(() => calls.length === 17);
    expect(peer.accepted).toBe(2);
    for (const call of calls) echo(call);
    expect((await Promise.all(endings)).every(({ kind }) => kind === "reply")).toBe(true);
  });
});
