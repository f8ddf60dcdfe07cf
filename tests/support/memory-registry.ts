import { createInstanceLifecycle, type LifecycleTimes } from "../../gateway/src/control-plane/registry/instance-lifecycle.ts";
import type { RegisteredInstance, Registry } from "../../gateway/src/control-plane/registry/registry.ts";
import type { Clock } from "../../gateway/src/core/clock.ts";

/** A registry without a disk, for tests of what stands on it. Its watchers are told in the turn of the change. */
export function createMemoryRegistry(clock: Clock, times: LifecycleTimes): Registry {
  const listeners = new Set<(serviceName: string, instances: readonly RegisteredInstance[]) => void>();
  const lifecycle = createInstanceLifecycle(times, {
    listChanged(serviceName) {
      for (const listener of listeners) listener(serviceName, lifecycle.list(serviceName));
    },
    recordChanged() {},
  });
  let cancel = () => {};

  function settle<T>(result: T): T {
    cancel();
    const dueMs = lifecycle.nextDueMs();
    if (dueMs !== Number.POSITIVE_INFINITY) cancel = clock.after(dueMs - clock.monotonicMs(), expire);
    return result;
  }

  function expire(): void {
    lifecycle.expire(clock.monotonicMs());
    settle(undefined);
  }

  return {
    open: async () => {},
    join: async (record) => settle(lifecycle.join(record, clock.monotonicMs())),
    beat: async (serverId) => settle(lifecycle.beat(serverId, clock.monotonicMs())),
    leave: async (serverId) => settle(lifecycle.leave(serverId)),
    find: async (serverId) => lifecycle.find(serverId),
    watch(listener) {
      listeners.add(listener);
      for (const serviceName of lifecycle.serviceNames()) listener(serviceName, lifecycle.list(serviceName));
      return () => listeners.delete(listener);
    },
    ping: async () => {},
    close: async () => cancel(),
  };
}
