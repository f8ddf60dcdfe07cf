import type { InstanceLifecycle } from "./instance-lifecycle.ts";
import type { Registry } from "./registry.ts";

/** Who watches a registry's lists. */
export interface ListWatchers {
  readonly watch: Registry["watch"];
  /** The service's list is another one now. */
  tell(serviceName: string): void;
  /** Ends all watches. */
  clear(): void;
}

/** `lists`: of what is known; `undefined` while the registry is closed. */
export function createListWatchers(lists: () => Pick<InstanceLifecycle, "list" | "serviceNames"> | undefined): ListWatchers {
  const watchers = new Set<(serviceName: string) => void>();
  return {
    watch(listener) {
      const pending = new Set<string>();
      // In a microtask, so that what changes in one turn is told once, and a listener may change something in turn.
      const watcher = (serviceName: string): void => {
        if (pending.has(serviceName)) return;
        pending.add(serviceName);
        queueMicrotask(() => {
          pending.delete(serviceName);
          if (watchers.has(watcher)) listener(serviceName, lists()?.list(serviceName) ?? []);
        });
      };
      watchers.add(watcher);
      const known = lists();
      for (const serviceName of known?.serviceNames() ?? []) listener(serviceName, known!.list(serviceName));
      return () => watchers.delete(watcher);
    },
    tell(serviceName) {
      for (const watcher of watchers) watcher(serviceName);
    },
    clear: () => watchers.clear(),
  };
}
