import { expect, it } from "vitest";
import type { ConsulAnswer } from "../../../../../gateway/src/control-plane/registry/consul-client.ts";
import { watchConsul } from "../../../../../gateway/src/control-plane/registry/consul-watch.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";

it("hears every answer, and tells of those that differ", async () => {
  const clock = createFakeClock();
  const indexes = [5, 5, 6, 6, 6];
  const told: number[] = [];
  let heard = 0;
  let onLast = (): void => {};
  const last = new Promise<void>((resolve) => {
    onLast = resolve;
  });
  const stop = watchConsul({
    client: {
      get: () => {
        const index = indexes.shift();
        if (index === undefined) onLast();
        return index === undefined ? new Promise(() => {}) : Promise.resolve({ index, body: [] } as unknown as ConsulAnswer);
      },
    },
    clock,
    path: "/v1/health/service/S",
    onAnswer: ({ index }) => told.push(index),
    onHeard: () => {
      heard += 1;
    },
  });
  for (let query = 0; query < 5; query++) await clock.advance(50);
  await last;
  stop();
  expect([told, heard]).toEqual([[5, 6], 5]);
});
