import { describe, expect, it } from "vitest";
import { Ejection } from "../../../../../gateway/src/data-plane/balance/ejection.ts";

const joinedAtMs = 0;
const settledMs = 60_000;

describe("Ejection", () => {
  it("backs off from 1 s to 30 s, doubling, with one call on trial after each", () => {
    const ejection = new Ejection();
    let nowMs = settledMs;
    for (const backOffMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      ejection.onOutcome("connect-failed", joinedAtMs, nowMs);
      expect(ejection.isOut(nowMs + backOffMs - 1)).toBe(true);
      nowMs += backOffMs;
      expect(ejection.isOut(nowMs)).toBe(false);
      ejection.onPick(nowMs);
      expect(ejection.isOut(nowMs)).toBe(true);
    }
    ejection.onOutcome("answered", joinedAtMs, nowMs);
    expect(ejection.isIn).toBe(true);
    ejection.onOutcome("connect-failed", joinedAtMs, nowMs);
    expect(ejection.isOut(nowMs + 1_000)).toBe(false);
  });

  it("is not prolonged by calls that were under way when it began", () => {
    const ejection = new Ejection();
    for (let call = 0; call < 16; call++) ejection.onOutcome("connect-failed", joinedAtMs, settledMs + call);
    expect(ejection.isOut(settledMs + 1_000)).toBe(false);
  });

  it("does not count refusals in an instance's first 10 s", () => {
    const ejection = new Ejection();
    for (let nowMs = 5_000; nowMs < 15_000; nowMs += 100) ejection.onOutcome("connect-failed", 5_000, nowMs);
    expect(ejection.isIn).toBe(true);
    ejection.onOutcome("connect-failed", 5_000, 15_000);
    expect(ejection.isIn).toBe(false);
  });

  it.each(["lost", "timed-out"] as const)("ejects after 5 calls in a row that were %s, also in its first seconds", (outcome) => {
    const ejection = new Ejection();
    for (let call = 0; call < 4; call++) ejection.onOutcome(outcome, joinedAtMs, 1);
    ejection.onOutcome("answered", joinedAtMs, 1);
    for (let call = 0; call < 4; call++) ejection.onOutcome(outcome, joinedAtMs, 1);
    expect(ejection.isIn).toBe(true);
    ejection.onOutcome(outcome, joinedAtMs, 1);
    expect(ejection.isOut(1)).toBe(true);
  });

  it.each(["lost", "timed-out"] as const)("backs off for longer after a trial that was %s", (outcome) => {
    const ejection = new Ejection();
    ejection.onOutcome("connect-failed", joinedAtMs, settledMs);
    ejection.onPick(settledMs + 1_000);
    ejection.onOutcome(outcome, joinedAtMs, settledMs + 1_500);
    expect(ejection.isOut(settledMs + 3_499)).toBe(true);
    expect(ejection.isOut(settledMs + 3_500)).toBe(false);
  });

  it("lets another call try after a trial that was cancelled", () => {
    const ejection = new Ejection();
    ejection.onOutcome("connect-failed", joinedAtMs, settledMs);
    ejection.onPick(settledMs + 1_000);
    ejection.onOutcome("cancelled", joinedAtMs, settledMs + 1_500);
    expect(ejection.isIn).toBe(false);
    expect(ejection.isOut(settledMs + 1_500)).toBe(false);
  });

  it("never ejects for calls that were cancelled", () => {
    const ejection = new Ejection();
    for (let call = 0; call < 100; call++) ejection.onOutcome("cancelled", joinedAtMs, settledMs);
    expect(ejection.isIn).toBe(true);
  });
});
