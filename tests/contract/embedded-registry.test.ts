import { createEmbeddedRegistry } from "../../gateway/src/control-plane/registry/embedded-registry.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { describeRegistry } from "./registry-contract.ts";

describeRegistry("embedded", async () => {
  const directory = createTemporaryDirectory();
  const clock = createFakeClock();
  const times = { timeToLiveMs: 45_000, timeToDieMs: 90_000, rememberMs: 86_400_000 };
  const open = async () => {
    const registry = createEmbeddedRegistry({ dataDir: directory.path, clock, ...times });
    await registry.open();
    return registry;
  };
  let registry = await open();
  return {
    registry,
    timeToLiveMs: times.timeToLiveMs,
    timeToDieMs: { least: times.timeToDieMs, most: times.timeToDieMs },
    isShared: false,
    advance: (ms) => clock.advance(ms),
    async restart() {
      await registry.close();
      registry = await open();
      return registry;
    },
    async dispose() {
      await registry.close();
      directory.remove();
    },
  };
});
