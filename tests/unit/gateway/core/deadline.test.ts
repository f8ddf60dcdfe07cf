import { describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../../../gateway/src/core/clock.ts";
import { Deadline, DeadlineWheel } from "../../../../gateway/src/core/deadline.ts";

const lateByAtMostMs = 6;

/** Time stands still until told; timers may be set early, as Node's are. */
class ManualClock implements Clock {
  ms = 0.25;
  timers: { atMs: number; callback: () => void }[] = [];

  monotonicMs = () => this.ms;
  now = () => new Date(this.ms);

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.ms + delayMs, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  advance(toMs: number): void {
    for (;;) {
      const [next] = this.timers.filter(({ atMs }) => atMs <= toMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.ms = next.atMs;
      next.callback();
    }
    this.ms = toMs;
  }
}

class Entry extends Deadline {
  readonly firedAtMs: number[] = [];
  readonly #clock: Clock;
  readonly #effect: (() => void) | undefined;

  constructor(clock: Clock, effect?: () => void) {
    super();
    this.#clock = clock;
    this.#effect = effect;
  }

  override onDeadline(): void {
    this.firedAtMs.push(this.#clock.monotonicMs());
    this.#effect?.();
  }
}

function setUp() {
  const clock = new ManualClock();
  return { clock, wheel: new DeadlineWheel(clock) };
}

describe("DeadlineWheel", () => {
  it("fires each entry once, never early, and at most a tick late", () => {
    const { clock, wheel } = setUp();
    const delays = [0.5, 1, 4.99, 5, 5.01, 7, 100, 4_999.5, 5_000, 10_239, 10_240, 10_241, 25_000, 61_003.7];
    const entries = delays.map((delayMs) => ({ entry: new Entry(clock), atMs: clock.ms + delayMs }));
    for (const { entry, atMs } of entries) wheel.schedule(entry, atMs);
    expect(wheel.size).toBe(delays.length);
    clock.advance(70_000);
    for (const { entry, atMs } of entries) {
      expect(entry.firedAtMs).toHaveLength(1);
      expect(entry.firedAtMs[0]).toBeGreaterThanOrEqual(atMs);
      expect(entry.firedAtMs[0]).toBeLessThanOrEqual(atMs + lateByAtMostMs);
    }
    expect(wheel.size).toBe(0);
    expect(clock.timers).toHaveLength(0);
  });

  it("does so for many entries scheduled at any time", () => {
    const { clock, wheel } = setUp();
    const entries: { entry: Entry; atMs: number }[] = [];
    let random = 1;
    for (let round = 0; round < 3_000; round++) {
      random = (random * 48_271) % 0x7fff_ffff;
      const atMs = clock.ms + (random % 30_000) / (round % 7 === 0 ? 1 : 100);
      const entry = new Entry(clock);
      wheel.schedule(entry, atMs);
      entries.push({ entry, atMs });
      clock.advance(clock.ms + (random % 9));
    }
    clock.advance(clock.ms + 31_000);
    const wrong = entries.filter(
      ({ entry, atMs }) =>
        entry.firedAtMs.length !== 1 || entry.firedAtMs[0]! < atMs || entry.firedAtMs[0]! > Math.max(atMs, 0) + lateByAtMostMs,
    );
    expect(wrong).toHaveLength(0);
  });

  it("fires late but completely after the event loop was blocked for long", () => {
    const { clock, wheel } = setUp();
    const entries = [10, 5_000, 12_000, 50_000].map((delayMs) => {
      const entry = new Entry(clock);
      wheel.schedule(entry, delayMs);
      return entry;
    });
    clock.ms = 40_000;
    clock.advance(40_000);
    expect(entries.map(({ firedAtMs }) => firedAtMs.length)).toEqual([1, 1, 1, 0]);
    clock.advance(50_010);
    expect(entries[3]!.firedAtMs).toHaveLength(1);
  });

  it("takes a deadline that has passed already, and tells it soon, not at once", () => {
    const { clock, wheel } = setUp();
    clock.ms = 1_000;
    const entry = new Entry(clock);
    wheel.schedule(entry, 10);
    expect(entry.firedAtMs).toHaveLength(0);
    clock.advance(1_010);
    expect(entry.firedAtMs).toHaveLength(1);
  });

  it("forgets what is cancelled, however often, and takes it again", () => {
    const { clock, wheel } = setUp();
    const [first, second, third] = [new Entry(clock), new Entry(clock), new Entry(clock)];
    for (const entry of [first, second, third]) wheel.schedule(entry, 100);
    wheel.cancel(second);
    wheel.cancel(second);
    expect(wheel.size).toBe(2);
    clock.advance(200);
    wheel.cancel(first);
    expect([first, second, third].map(({ firedAtMs }) => firedAtMs.length)).toEqual([1, 0, 1]);
    wheel.schedule(second, 300);
    clock.advance(310);
    expect(second.firedAtMs).toHaveLength(1);
    expect(wheel.size).toBe(0);
  });

  it("moves an entry that is scheduled again, forth and back", () => {
    const { clock, wheel } = setUp();
    const entry = new Entry(clock);
    wheel.schedule(entry, 1_000);
    wheel.schedule(entry, 100);
    expect(wheel.size).toBe(1);
    clock.advance(110);
    expect(entry.firedAtMs).toHaveLength(1);
    wheel.schedule(entry, 200);
    wheel.schedule(entry, 1_000);
    clock.advance(990);
    expect(entry.firedAtMs).toHaveLength(1);
    clock.advance(1_010);
    expect(entry.firedAtMs).toHaveLength(2);
  });

  it("lets an entry cancel others that are due with it, and schedule itself", () => {
    const { clock, wheel } = setUp();
    const entries: Entry[] = [];
    const cancelOthers = () => {
      for (const other of entries) wheel.cancel(other);
    };
    for (let index = 0; index < 5; index++) entries.push(new Entry(clock, cancelOthers));
    for (const entry of entries) wheel.schedule(entry, 50);
    const repeating = new Entry(clock, () => wheel.schedule(repeating, clock.ms));
    wheel.schedule(repeating, 50);
    clock.advance(200);
    expect(entries.flatMap(({ firedAtMs }) => firedAtMs)).toHaveLength(1);
    expect(repeating.firedAtMs.length).toBeGreaterThan(10);
    expect(repeating.firedAtMs.length).toBeLessThan(40);
  });

  it("goes on after an entry that throws", () => {
    const { clock, wheel } = setUp();
    const entries = [1, 2, 3].map(
      () =>
        new Entry(clock, () => {
          throw new Error("planted");
        }),
    );
    const later = new Entry(clock);
    for (const entry of entries) wheel.schedule(entry, 20);
    wheel.schedule(later, 100);
    for (let failures = 0; failures < 3; failures++) expect(() => clock.advance(150)).toThrow("planted");
    clock.advance(150);
    expect([...entries, later].map(({ firedAtMs }) => firedAtMs.length)).toEqual([1, 1, 1, 1]);
  });

  it("sleeps through a slot whose entries were cancelled, and has one timer at most", () => {
    const { clock, wheel } = setUp();
    let wakes = 0;
    const after = clock.after.bind(clock);
    clock.after = (delayMs, callback) =>
      after(delayMs, () => {
        wakes += 1;
        callback();
      });
    for (let index = 0; index < 10_000; index++) {
      const entry = new Entry(clock);
      wheel.schedule(entry, clock.ms + 5_000);
      expect(clock.timers.length).toBeLessThanOrEqual(1);
      clock.ms += 1;
      wheel.cancel(entry);
      clock.advance(clock.ms);
    }
    expect(wakes).toBeLessThan(5);
  });

  it("never fires early on the system's clock either", async () => {
    const wheel = new DeadlineWheel(systemClock);
    const early: number[] = [];
    const startedAtMs = systemClock.monotonicMs();
    await Promise.all(
      [1, 3, 5, 8, 13, 21, 34].map(
        (delayMs) =>
          new Promise<void>((resolve) => {
            // The wheel's timer holds no process; this one holds the test.
            const hold = setInterval(() => {}, 1_000);
            const entry = new Entry(systemClock, () => {
              clearInterval(hold);
              if (systemClock.monotonicMs() < startedAtMs + delayMs) early.push(delayMs);
              resolve();
            });
            wheel.schedule(entry, startedAtMs + delayMs);
          }),
      ),
    );
    expect(early).toEqual([]);
  });
});
