import { DeadlineWheel } from "../../../../../gateway/src/core/deadline.ts";
import { type Balancer, createBalancer, type InstanceAwaiter } from "../../../../../gateway/src/data-plane/balance/balancer.ts";
import type { Instance, ServiceEntry } from "../../../../../gateway/src/snapshot/snapshot.ts";
import { createFakeClock, type FakeClock } from "../../../../support/fake-clock.ts";
import { testInstance } from "../../../../support/instance.ts";

export function instance(id: string, difference: Partial<Instance> = {}): Instance {
  return testInstance({ id, ...difference });
}

export function entryOf(instances: readonly Instance[], name = "Assets"): ServiceEntry {
  return {
    name,
    revision: 1,
    schema: {} as ServiceEntry["schema"],
    source: {} as ServiceEntry["source"],
    routes: new Map(),
    instances,
  };
}

interface Asked {
  /** An instance's ID, an error's code, or `undefined` while the call waits. */
  readonly got: () => string | undefined;
  readonly cancel: () => void;
}

export interface Bench {
  readonly clock: FakeClock;
  readonly deadlines: DeadlineWheel;
  readonly balancer: Balancer;
  /** Picks, and remembers what came of it. */
  ask(entry: ServiceEntry, tried?: readonly string[], deadlineMs?: number): Asked;
  /** Picks and expects an answer at once. */
  pick(entry: ServiceEntry, tried?: readonly string[]): string;
}

export function createBench(limits: Partial<Parameters<typeof createBalancer>[0]["limits"]> = {}): Bench {
  const clock = createFakeClock();
  const deadlines = new DeadlineWheel(clock);
  const balancer = createBalancer({
    clock,
    deadlines,
    limits: { maxInFlightPerInstance: 64, maxWaitingPerService: 1_024, retryBudgetRatio: 0.2, ...limits },
  });
  const ask: Bench["ask"] = (entry, tried = [], deadlineMs = 5_000) => {
    const answers: string[] = [];
    const awaiter: InstanceAwaiter = {
      onInstance: ({ id }) => answers.push(id),
      onNoInstance: ({ code }) => answers.push(code),
    };
    const place = balancer.pick(entry, tried, clock.monotonicMs() + deadlineMs, awaiter);
    return {
      got() {
        if (answers.length > 1) throw new Error(`answered ${answers.length} times`);
        return answers[0];
      },
      cancel: () => place?.cancel(),
    };
  };
  return {
    clock,
    deadlines,
    balancer,
    ask,
    pick(entry, tried) {
      const got = ask(entry, tried).got();
      if (got === undefined) throw new Error("the call waits");
      return got;
    },
  };
}

/** How often each occurs. */
export function tally(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
