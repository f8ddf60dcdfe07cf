import { expect, it } from "vitest";
import { hostileBehaviours } from "../../../../support/hostile-behaviours.ts";
import { echo, startThriftPeer } from "../../../../support/thrift-peer.ts";
import { createBench, createFastClock, speaking } from "./fixtures.ts";

/** Lehmer's generator: the same run each time. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 0x7fff_ffff;
    return state % below;
  };
}

it.each([
  ["framed", 1],
  ["framed", 2],
  ["buffered", 3],
  ["buffered", 4],
] as const)(
  "every call ends once, in time, with its own answer, whatever the peer does (%s, seed %i)",
  async (transport, seed) => {
    const random = createRandom(seed);
    const clock = createFastClock(10);
    const bench = createBench({ pipelineDepth: 8 }, { clock });
    const behaviours = Object.values(hostileBehaviours)
      .filter(({ only }) => only === undefined || only === transport)
      .map(({ behaviour }) => behaviour);
    const peer = await startThriftPeer({
      behaviour(call) {
        const dice = random(60);
        if (dice < 50) echo(call);
        else if (dice < 55) setImmediate(() => echo(call));
        else behaviours[random(behaviours.length)]!(call);
      },
    });
    const instance = speaking(transport, peer.port);
    let wrong = 0;
    let answered = 0;
    const caller = async (name: number) => {
      for (let count = 0; count < 50; count++) {
        const text = `call ${count} of caller ${name}`;
        const deadlineAtMs = clock.monotonicMs() + 1_000;
        const { ending, pending } = bench.send(instance, { text, deadlineMs: 1_000, oneway: random(20) === 0 });
        if (random(20) === 0) {
          await new Promise((resolve) => setImmediate(resolve));
          pending.cancel();
          continue;
        }
        const how = await ending;
        // The machine may be busy; a call that is forgotten would never end at all.
        if (how.atMs > deadlineAtMs + 20_000) wrong += 1;
        if (how.kind !== "reply") continue;
        answered += 1;
        if (how.body.toString("utf8", 7, how.body.length - 1) !== text) wrong += 1;
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, name) => caller(name)));
    await bench.connections.close();
    await peer.close();
    expect(wrong).toBe(0);
    expect(answered).toBeGreaterThan(200);
    expect(bench.faults).toEqual([]);
    expect(bench.deadlines.size).toBe(0);
  },
);
