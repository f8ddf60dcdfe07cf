import type { Clock } from "../../core/clock.ts";

/**
 * One read for all who ask for one: it begins after they asked, when the one before has ended, and no sooner than `gapMs` after
 * that one began. So however many ask, the store has no more work than that.
 */
export function createSharedRead(read: () => Promise<void>, gapMs: number, clock: Clock): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  let begunAtMs = Number.NEGATIVE_INFINITY;
  /** What has not begun yet. */
  let next: Promise<void> | undefined;

  async function begin(): Promise<void> {
    await last.catch(() => {});
    const restMs = begunAtMs + gapMs - clock.monotonicMs();
    if (restMs > 0) await new Promise<void>((resolve) => clock.after(restMs, resolve));
    next = undefined;
    begunAtMs = clock.monotonicMs();
    last = read();
    return last;
  }

  return () => (next ??= begin());
}
