import { describe, expect, it } from "vitest";
import { systemClock } from "../../../../../gateway/src/core/clock.ts";
import { DeadlineWheel } from "../../../../../gateway/src/core/deadline.ts";
import type { GatewayError } from "../../../../../gateway/src/core/errors.ts";
import { createBalancer } from "../../../../../gateway/src/data-plane/balance/balancer.ts";
import { usedHeap } from "../../../../support/used-heap.ts";
import { createBench, entryOf, instance, tally } from "./fixtures.ts";

describe("picking", () => {
  it("takes instances by weight", () => {
    const { balancer, pick } = createBench();
    const entry = entryOf([instance("a", { weight: 10 }), instance("b", { weight: 30 })]);
    const picked = Array.from({ length: 80 }, () => {
      const id = pick(entry);
      balancer.release(entry, entry.instances.find((candidate) => candidate.id === id)!, "answered");
      return id;
    });
    expect(tally(picked)).toEqual({ a: 20, b: 60 });
  });

  it("never takes one that this call has failed on", () => {
    const { pick } = createBench();
    const entry = entryOf([instance("a"), instance("b"), instance("c")]);
    for (let call = 0; call < 20; call++) expect(pick(entry, ["a", "c"])).toBe("b");
    expect(pick(entry, ["a", "b", "c"])).toBe("NO_HEALTHY_INSTANCE");
  });

  it("answers 503 with retry-after where there is no instance, none that can be reached, or none with room", () => {
    const errors: GatewayError[] = [];
    const balancer = createBalancer({
      clock: systemClock,
      deadlines: new DeadlineWheel(systemClock),
      limits: { maxInFlightPerInstance: 1, maxWaitingPerService: 0, retryBudgetRatio: 0.2 },
    });
    const awaiter = { onInstance: () => {}, onNoInstance: (error: GatewayError) => errors.push(error) };
    balancer.pick(entryOf([]), [], 0, awaiter);
    const full = entryOf([instance("a")]);
    balancer.pick(full, ["a"], 0, awaiter);
    balancer.pick(full, [], 0, awaiter);
    balancer.pick(full, [], 0, awaiter);
    expect(errors.map(({ code, detail, status, headers }) => [code, detail, status, headers])).toEqual([
      ["NO_HEALTHY_INSTANCE", "No instance of the service has joined the gateway.", 503, { "retry-after": "1" }],
      ["NO_HEALTHY_INSTANCE", "No instance of the service can be reached.", 503, { "retry-after": "1" }],
      ["OVERLOADED", expect.stringMatching("busy"), 503, { "retry-after": "1" }],
    ]);
  });

  it("takes critical ones only when no passing one is left for the call", () => {
    const { pick } = createBench();
    const entry = entryOf([
      instance("sick1", { health: "critical" }),
      instance("well"),
      instance("sick2", { health: "critical" }),
    ]);
    for (let call = 0; call < 20; call++) expect(pick(entry)).toBe("well");
    const others = Array.from({ length: 20 }, () => pick(entry, ["well"]));
    expect(tally(others)).toEqual({ sick1: 10, sick2: 10 });
  });

  it("waits for a passing one that is full rather than take a critical one", () => {
    const { ask } = createBench({ maxInFlightPerInstance: 1 });
    const entry = entryOf([instance("well"), instance("sick", { health: "critical" })]);
    expect(ask(entry).got()).toBe("well");
    expect(ask(entry).got()).toBeUndefined();
  });

  it("skips full ones", () => {
    const { pick } = createBench({ maxInFlightPerInstance: 3 });
    const entry = entryOf([instance("a", { weight: 100 }), instance("b", { weight: 1 }), instance("c", { weight: 1 })]);
    expect(tally(Array.from({ length: 9 }, () => pick(entry)))).toEqual({ a: 3, b: 3, c: 3 });
  });
});

describe("ejection", () => {
  const settledMs = 20_000;

  it("leaves out one that refuses connections, tries it with one call after 1 s, and takes it back", async () => {
    const { clock, balancer, pick } = createBench();
    await clock.advance(settledMs);
    const entry = entryOf([instance("a"), instance("b")]);
    const [a] = entry.instances;
    while (pick(entry) !== "a");
    balancer.release(entry, a!, "connect-failed");
    for (let call = 0; call < 10; call++) expect(pick(entry)).toBe("b");
    await clock.advance(1_000);
    expect(tally(Array.from({ length: 10 }, () => pick(entry)))).toEqual({ a: 1, b: 9 });
    balancer.release(entry, a!, "answered");
    expect(tally(Array.from({ length: 10 }, () => pick(entry)))).toEqual({ a: 5, b: 5 });
  });

  it("tries ejected ones all the same when there are no others", async () => {
    const { clock, balancer, pick } = createBench();
    await clock.advance(settledMs);
    const entry = entryOf([instance("a"), instance("b")]);
    for (const one of entry.instances) {
      while (pick(entry) !== one.id);
      balancer.release(entry, one, "connect-failed");
    }
    expect(tally(Array.from({ length: 10 }, () => pick(entry)))).toEqual({ a: 5, b: 5 });
  });

  it("starts with a clean sheet when the instance joins again", async () => {
    const { clock, balancer, pick } = createBench();
    await clock.advance(settledMs);
    const [a, b] = [instance("a"), instance("b")];
    const before = entryOf([a, b]);
    balancer.onEntryChanged("Assets", before);
    while (pick(before) !== "a");
    balancer.release(before, a, "connect-failed");
    const sameAgain = entryOf([a, { ...b, weight: 11 }]);
    balancer.onEntryChanged("Assets", sameAgain);
    for (let call = 0; call < 5; call++) expect(pick(sameAgain)).toBe("b");
    const rejoined = entryOf([instance("a", { joinedAtMs: settledMs }), b]);
    balancer.onEntryChanged("Assets", rejoined);
    expect(Array.from({ length: 4 }, () => pick(rejoined))).toContain("a");
  });
});

describe("the line", () => {
  const one = entryOf([instance("a")]);
  const [a] = one.instances;

  it("serves calls in their order as others end", () => {
    const { balancer, ask } = createBench({ maxInFlightPerInstance: 2 });
    const calls = Array.from({ length: 5 }, () => ask(one));
    const got = () => calls.map((call) => call.got());
    expect(got()).toEqual(["a", "a", undefined, undefined, undefined]);
    balancer.release(one, a!, "answered");
    expect(got()).toEqual(["a", "a", "a", undefined, undefined]);
    balancer.release(one, a!, "lost");
    balancer.release(one, a!, "timed-out");
    expect(got()).toEqual(["a", "a", "a", "a", "a"]);
  });

  it("takes 1,024 calls and answers the next OVERLOADED", () => {
    const { balancer, ask } = createBench({ maxInFlightPerInstance: 1 });
    ask(one);
    const waiting = Array.from({ length: 1_024 }, () => ask(one));
    expect(ask(one).got()).toBe("OVERLOADED");
    for (const call of waiting) {
      expect(call.got()).toBeUndefined();
      balancer.release(one, a!, "answered");
      expect(call.got()).toBe("a");
    }
    expect(ask(one).got()).toBeUndefined();
  });

  it("lets a call wait until its deadline and not before", async () => {
    const { clock, deadlines, ask } = createBench({ maxInFlightPerInstance: 1 });
    ask(one);
    const [short, long] = [ask(one, [], 100), ask(one, [], 3_000)];
    await clock.advance(99);
    expect(short.got()).toBeUndefined();
    await clock.advance(10);
    expect(short.got()).toBe("UPSTREAM_TIMEOUT");
    await clock.advance(2_885);
    expect(long.got()).toBeUndefined();
    await clock.advance(20);
    expect(long.got()).toBe("UPSTREAM_TIMEOUT");
    expect(deadlines.size).toBe(0);
  });

  it("forgets a call that was cancelled, wherever it stood", () => {
    const { balancer, deadlines, ask } = createBench({ maxInFlightPerInstance: 1 });
    ask(one);
    const [first, second, third, fourth] = Array.from({ length: 4 }, () => ask(one));
    for (const call of [second!, first!, fourth!, second!]) call.cancel();
    balancer.release(one, a!, "answered");
    expect([first, second, third, fourth].map((call) => call!.got())).toEqual([undefined, undefined, "a", undefined]);
    expect(deadlines.size).toBe(0);
    third!.cancel();
    balancer.release(one, a!, "answered");
    expect(ask(one).got()).toBe("a");
  });

  it("passes over a call that has failed on the free instance", () => {
    const { balancer, ask } = createBench({ maxInFlightPerInstance: 1 });
    const entry = entryOf([instance("a"), instance("b")]);
    ask(entry);
    ask(entry);
    const [picky, patient] = [ask(entry, ["a"]), ask(entry)];
    balancer.release(entry, entry.instances[0]!, "answered");
    expect([picky.got(), patient.got()]).toEqual([undefined, "a"]);
    balancer.release(entry, entry.instances[1]!, "answered");
    expect(picky.got()).toBe("b");
  });

  it("is served by an instance that joins, and answered when the last one leaves", () => {
    const { balancer, ask } = createBench({ maxInFlightPerInstance: 1 });
    balancer.onEntryChanged("Assets", one);
    ask(one);
    const [first, second] = [ask(one), ask(one)];
    balancer.onEntryChanged("Assets", entryOf([instance("a"), instance("b")]));
    expect([first.got(), second.got()]).toEqual(["b", undefined]);
    balancer.onEntryChanged("Assets", entryOf([]));
    expect(second.got()).toBe("NO_HEALTHY_INSTANCE");
  });

  it("is answered when the service goes", () => {
    const { balancer, deadlines, ask } = createBench({ maxInFlightPerInstance: 1 });
    balancer.onEntryChanged("Assets", one);
    ask(one);
    const waiting = ask(one);
    balancer.onEntryChanged("Assets", undefined);
    expect(waiting.got()).toBe("NO_HEALTHY_INSTANCE");
    expect(deadlines.size).toBe(0);
  });
});

describe("change", () => {
  it("gives a call that began on an older entry the instances of the newest", () => {
    const { balancer, pick } = createBench();
    const older = entryOf([instance("a")]);
    balancer.onEntryChanged("Assets", older);
    balancer.onEntryChanged("Assets", entryOf([instance("b")]));
    expect(pick(older)).toBe("b");
  });

  it("keeps counting calls of an instance that stays, and of one that is away for a moment", () => {
    const { balancer, ask } = createBench({ maxInFlightPerInstance: 2 });
    const [a, b] = [instance("a"), instance("b")];
    const both = entryOf([a, b]);
    balancer.onEntryChanged("Assets", both);
    for (let call = 0; call < 4; call++) expect(ask(both).got()).toBeDefined();
    balancer.onEntryChanged("Assets", entryOf([{ ...a }]));
    const again = entryOf([{ ...a }, { ...b }]);
    balancer.onEntryChanged("Assets", again);
    const waiting = ask(again);
    expect(waiting.got()).toBeUndefined();
    balancer.release(both, b, "answered");
    expect(waiting.got()).toBe("b");
  });

  it("still serves calls of a service that has gone, and counts them", () => {
    const { balancer, ask } = createBench({ maxInFlightPerInstance: 1 });
    const entry = entryOf([instance("a")]);
    balancer.onEntryChanged("Assets", entry);
    balancer.onEntryChanged("Assets", undefined);
    expect(ask(entry).got()).toBe("a");
    expect(ask(entry).got()).toBeUndefined();
    balancer.release(entry, entry.instances[0]!, "answered");
  });

  it("keeps no trace of services and instances that left", () => {
    const { balancer, deadlines, ask } = createBench({ maxInFlightPerInstance: 1 });
    const cycle = (name: string) => {
      const entry = entryOf(
        Array.from({ length: 20 }, (_, index) => instance(`${name}-${index}`)),
        name,
      );
      balancer.onEntryChanged(name, entry);
      const served = ask(entry);
      balancer.onEntryChanged(name, entryOf(entry.instances.slice(1), name));
      balancer.onEntryChanged(name, undefined);
      balancer.release(entry, entry.instances.find(({ id }) => id === served.got())!, "answered");
    };
    for (let count = 0; count < 500; count++) cycle(`warm-${count}`);
    const before = usedHeap();
    for (let count = 0; count < 10_000; count++) cycle(`service-${count}`);
    // 200,000 instances of a few hundred bytes would be 50 MB and more.
    expect(usedHeap() - before).toBeLessThan(2_000_000);
    expect(deadlines.size).toBe(0);
  });
});

describe("mayRetry", () => {
  it("counts the service's calls, not their retries", () => {
    const { balancer, pick } = createBench({ maxInFlightPerInstance: 1_000 });
    const entry = entryOf([instance("a"), instance("b")]);
    const retries = () => {
      let count = 0;
      while (balancer.mayRetry(entry)) count += 1;
      return count;
    };
    retries();
    for (let call = 0; call < 100; call++) pick(entry, ["a"]);
    expect(retries()).toBe(0);
    for (let call = 0; call < 101; call++) pick(entry);
    expect(retries()).toBe(20);
  });
});
