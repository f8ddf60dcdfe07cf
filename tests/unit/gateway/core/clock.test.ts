import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { systemClock } from "../../../../gateway/src/core/clock.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const monthMs = 31 * 86_400_000;

it("waits for as long as it is told, also beyond what a timer of Node can", () => {
  const called = vi.fn();
  systemClock.after(monthMs, called);
  vi.advanceTimersByTime(monthMs - 1);
  expect(called).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(called).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

it.each([10, monthMs])("cancels a delay of %d ms", (delayMs) => {
  const called = vi.fn();
  const cancel = systemClock.after(delayMs, called);
  vi.advanceTimersByTime(delayMs - 1);
  cancel();
  cancel();
  vi.advanceTimersByTime(2 * monthMs);
  expect(called).not.toHaveBeenCalled();
});
