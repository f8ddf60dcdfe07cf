import { describe, expect, it } from "vitest";
import { RetryBudget } from "../../../../../gateway/src/data-plane/balance/retry-budget.ts";

function takeAll(budget: RetryBudget, nowMs: number): number {
  let taken = 0;
  while (budget.take(nowMs)) taken += 1;
  return taken;
}

describe("RetryBudget", () => {
  it("allows a few retries where calls are rare, and earns them back with time", () => {
    const budget = new RetryBudget(0.2, 0);
    expect(takeAll(budget, 0)).toBe(10);
    expect(takeAll(budget, 999)).toBe(0);
    expect(takeAll(budget, 3_999)).toBe(3);
    expect(takeAll(budget, 1_000_000)).toBe(10);
  });

  it("allows a fifth of the calls, and saves up no more than 100", () => {
    const budget = new RetryBudget(0.2, 0);
    takeAll(budget, 0);
    for (let call = 0; call < 200; call++) budget.onCall();
    const taken = takeAll(budget, 0);
    expect(taken).toBeGreaterThanOrEqual(39);
    expect(taken).toBeLessThanOrEqual(40);
    for (let call = 0; call < 100_000; call++) budget.onCall();
    expect(takeAll(budget, 0)).toBe(100);
  });

  it("allows none at ratio 0", () => {
    const budget = new RetryBudget(0, 0);
    for (let call = 0; call < 100; call++) budget.onCall();
    expect(takeAll(budget, 3_600_000)).toBe(0);
  });
});
