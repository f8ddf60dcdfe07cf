import { expect, test } from "vitest";
import { createSharedRead } from "../../../../../gateway/src/control-plane/publish/shared-read.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";

/** A read that ends when it is told to. */
function sharedRead() {
  const clock = createFakeClock();
  const begunAtMs: number[] = [];
  const ends: { resolve(): void; reject(error: Error): void }[] = [];
  const read = createSharedRead(
    () =>
      new Promise((resolve, reject) => {
        begunAtMs.push(clock.monotonicMs());
        ends.push({ resolve, reject });
      }),
    250,
    clock,
  );
  return { clock, begunAtMs, ends, read };
}

test("all who ask before it begins share one", async () => {
  const { clock, begunAtMs, ends, read } = sharedRead();
  const asked = [read(), read(), read()];
  await clock.advance(0);
  expect(begunAtMs).toEqual([0]);
  ends[0]!.resolve();
  await Promise.all(asked);
});

test("who asks while one is under way gets the next, which begins when that one has ended and the gap is over", async () => {
  const { clock, begunAtMs, ends, read } = sharedRead();
  const first = read();
  await clock.advance(0);
  const second = read();
  const third = read();
  await clock.advance(300);
  expect(begunAtMs).toEqual([0]);
  ends[0]!.resolve();
  await first;
  await clock.advance(0);
  expect(begunAtMs).toEqual([0, 300]);
  const fourth = read();
  ends[1]!.resolve();
  await Promise.all([second, third]);
  await clock.advance(249);
  expect(begunAtMs).toEqual([0, 300]);
  await clock.advance(1);
  expect(begunAtMs).toEqual([0, 300, 550]);
  ends[2]!.resolve();
  await fourth;
});

test("one that fails fails for those who shared it alone", async () => {
  const { clock, ends, read } = sharedRead();
  const first = read();
  const shared = expect(Promise.all([first, read()])).rejects.toThrow("gone");
  await clock.advance(0);
  ends[0]!.reject(new Error("gone"));
  await shared;
  const next = read();
  await clock.advance(250);
  ends[1]!.resolve();
  await next;
});
