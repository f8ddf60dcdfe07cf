import { setTimeout as pause } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { request } from "./gateway-client.ts";

/** So that the callers leave some of the machine to the servers. */
const GAP_MS = 2;

/** Callers, one for each URL, who call again as soon as they were answered. */
export interface SteadyCalls {
  /** Until each caller was answered so many times more. */
  goOn(count: number): Promise<void>;
  /** Ends them, and resolves to the answers other than 200. */
  stop(): Promise<readonly string[]>;
}

export function startSteadyCalls(urls: readonly string[]): SteadyCalls {
  const failures: string[] = [];
  const counts = urls.map(() => 0);
  const waiting = new Set<() => void>();
  const over = new AbortController();

  const callers = urls.map(async (url, caller) => {
    while (!over.signal.aborted) {
      try {
        const { status, text } = await request(url);
        if (status !== 200) failures.push(`${url}: ${status} ${text}`);
      } catch (error) {
        failures.push(`${url}: ${error}`);
      }
      counts[caller]! += 1;
      for (const look of waiting) look();
      await pause(GAP_MS);
    }
  });
  onTestFinished(() => over.abort());

  return {
    goOn(count) {
      const enough = counts.map((before) => before + count);
      return new Promise((resolve) => {
        function look(): void {
          if (counts.some((now, caller) => now < enough[caller]!)) return;
          waiting.delete(look);
          resolve();
        }
        waiting.add(look);
      });
    },
    async stop() {
      over.abort();
      await Promise.all(callers);
      return failures;
    },
  };
}
