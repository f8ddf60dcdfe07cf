import { expect, test } from "vitest";
import { createRateLimit } from "../../../../gateway/src/control-plane/rate-limit.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

const limited = expect.objectContaining({ code: "RATE_LIMITED" });

test("so many in a window, by key", () => {
  const { take } = createRateLimit(2, 1_000, createFakeClock());
  take("a");
  take("a");
  expect(() => take("a")).toThrow(limited);
  take("b");
});

test("the window slides: no double share at its border", async () => {
  const clock = createFakeClock();
  const { take } = createRateLimit(10, 1_000, clock);
  await clock.advance(900);
  for (let count = 0; count < 10; count += 1) take("a");
  await clock.advance(200);
  take("a");
  expect(() => take("a")).toThrow(limited);
  await clock.advance(900);
  for (let count = 0; count < 9; count += 1) take("a");
  await clock.advance(5_000);
  for (let count = 0; count < 10; count += 1) take("a");
});

test("says when to come again, in whole seconds", async () => {
  const clock = createFakeClock();
  const { take } = createRateLimit(1, 60_000, clock);
  take("a");
  await clock.advance(20_000);
  expect(() => take("a")).toThrow(expect.objectContaining({ headers: { "retry-after": "40" } }));
});

test("made-up keys don't fill the memory: those beyond a bound share one count", () => {
  const { take } = createRateLimit(5, 60_000, createFakeClock());
  for (let key = 0; key < 100_000; key += 1) take(String(key));
  for (let key = 0; key < 5; key += 1) take(`more ${key}`);
  expect(() => take("one more")).toThrow(limited);
  take("1");
});
