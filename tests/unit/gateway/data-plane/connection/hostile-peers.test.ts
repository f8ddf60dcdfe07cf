import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hostileBehaviours } from "../../../../support/hostile-behaviours.ts";
import { echo, startThriftPeer, type ThriftPeer } from "../../../../support/thrift-peer.ts";
import { usedHeap } from "../../../../support/used-heap.ts";
import { type Bench, createBench, createFastClock, speaking, summary, type Transport } from "./fixtures.ts";

const transports: readonly Transport[] = ["framed", "buffered"];

let bench: Bench;
let peer: ThriftPeer;

beforeEach(async () => {
  bench = createBench({}, { clock: createFastClock(10) });
  peer = await startThriftPeer();
});

afterEach(async () => {
  await bench.connections.close();
  await peer.close();
  expect(bench.faults).toEqual([]);
});

describe.each(transports)("over a %s transport, a call is answered well by one who sends", (transport) => {
  const cases = Object.entries(hostileBehaviours).filter(([, { only }]) => only === undefined || only === transport);

  it.each(cases)("%s", async (_name, { behaviour, code }) => {
    const instance = speaking(transport, peer.port);
    expect(summary(await bench.ask(instance, { text: "well" }))).toBe("reply well");
    const before = usedHeap() + process.memoryUsage().arrayBuffers;
    peer.behaviour = behaviour;
    const deadlineMs = code === "UPSTREAM_TIMEOUT" ? 500 : 50_000;
    const ending = await bench.ask(instance, { deadlineMs });
    expect(summary(ending)).toBe(code);
    await peer.until(({ connections }) => connections.length === 0);
    expect(usedHeap() + process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    peer.behaviour = echo;
    expect(summary(await bench.ask(instance, { text: "well again" }))).toBe("reply well again");
    expect(peer.accepted).toBe(2);
  });
});
