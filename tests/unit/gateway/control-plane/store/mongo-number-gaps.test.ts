import { expect, it } from "vitest";
import { createNumberGaps } from "../../../../../gateway/src/control-plane/store/mongo-number-gaps.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";

it("asks for what is above the last number, and for those that were left out, for a while", async () => {
  const clock = createFakeClock();
  const gaps = createNumberGaps(clock);
  gaps.begin([]);
  expect(gaps.wanted()).toEqual({ last: 0, missing: [] });
  gaps.saw([1, 2]);
  expect(gaps.wanted()).toEqual({ last: 2, missing: [] });
  gaps.saw([6, 4]);
  expect(gaps.wanted()).toEqual({ last: 6, missing: [3, 5] });
  gaps.saw([]);
  gaps.saw([3]);
  expect(gaps.wanted()).toEqual({ last: 6, missing: [5] });
  await clock.advance(19_999);
  gaps.saw([8]);
  expect(gaps.wanted()).toEqual({ last: 8, missing: [5, 7] });
  await clock.advance(1);
  expect(gaps.wanted()).toEqual({ last: 8, missing: [7] });
});

it("begins with what may still be on its way", () => {
  const gaps = createNumberGaps(createFakeClock());
  gaps.begin([4, 2, 7]);
  expect(gaps.wanted()).toEqual({ last: 7, missing: [1, 3, 5, 6] });
});

it("remembers no more than can be on their way", () => {
  const gaps = createNumberGaps(createFakeClock());
  gaps.begin([1_000_000]);
  expect(gaps.wanted().missing).toHaveLength(999);
  gaps.saw([2_000_000]);
  const { last, missing } = gaps.wanted();
  expect(last).toBe(2_000_000);
  expect(missing).toHaveLength(1_000);
  expect(missing.at(-1)).toBe(1_999_999);
});

it("passes over what is no number of ours", () => {
  const gaps = createNumberGaps(createFakeClock());
  gaps.begin([Number.NaN, 1.5, Number.POSITIVE_INFINITY, undefined as unknown as number, "9" as unknown as number, 1]);
  gaps.saw([Number.NaN, -1, 2]);
  expect(gaps.wanted()).toEqual({ last: 2, missing: [] });
});
