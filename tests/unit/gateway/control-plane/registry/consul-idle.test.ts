import { expect, it, onTestFinished } from "vitest";
import { createConsulRegistry } from "../../../../../gateway/src/control-plane/registry/consul-registry.ts";
import { type Clock, systemClock } from "../../../../../gateway/src/core/clock.ts";
import { catalogEntry, startFakeConsul } from "../../../../support/fake-consul.ts";
import { watchRegistry } from "../../../../support/registry-view.ts";

const HOUR_MS = 3_600_000;
const times = { timeToLiveMs: 45_000, timeToDieMs: 90_000, rememberMs: 24 * HOUR_MS };

/** Time that leaps when it is told to; timers run as ever. */
function createLeapingClock() {
  let leaptMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + leaptMs };
  return {
    clock,
    leap(ms: number) {
      leaptMs += ms;
    },
  };
}

it("a service that was not called for an hour gives its place to another, and its instances stay known", async () => {
  const consul = await startFakeConsul();
  onTestFinished(consul.close);
  for (const name of ["Idle", "Busy"]) consul.list(name, [catalogEntry(name.toLowerCase())]);
  const { clock, leap } = createLeapingClock();
  const registry = createConsulRegistry({ urls: [consul.url], clock, maxWatchedServices: 1, ...times });
  onTestFinished(() => registry.close());
  await registry.open();
  const view = watchRegistry(registry);
  await view.until("Idle", "idle passing");

  const watching = (name: string) => `/v1/health/service/${name}?stale&wait=10000ms`;
  const idle = consul.asked(watching("Idle"), 2);
  registry.interest!("Idle");
  await idle;
  leap(HOUR_MS);
  const busy = consul.asked(watching("Busy"), 2);
  registry.interest!("Busy");
  await busy;
  expect(view.summary("Idle")).toEqual(["idle passing"]);

  consul.list("Idle", [catalogEntry("idle"), catalogEntry("newer")]);
  await view.until("Idle", "idle passing", "newer passing");
});
