import type { RegisteredInstance, Registry } from "../../gateway/src/control-plane/registry/registry.ts";

type List = readonly RegisteredInstance[];

export interface RegistryView {
  /** The last list of each service that was told. */
  readonly lists: ReadonlyMap<string, List>;
  /** Every list that was told, in order. */
  readonly told: readonly (readonly [serviceName: string, list: List])[];
  /** `id health` of each instance of the service. */
  summary(serviceName: string): string[];
  /** Waits until what was told of the service looks so. */
  until(serviceName: string, ...summary: string[]): Promise<void>;
  stop(): void;
}

/** What a watcher of a registry knows. */
export function watchRegistry(registry: Registry): RegistryView {
  const lists = new Map<string, List>();
  const told: (readonly [string, List])[] = [];
  const waiting = new Set<() => void>();
  const summary = (serviceName: string) => (lists.get(serviceName) ?? []).map(({ serverId, health }) => `${serverId} ${health}`);
  const stop = registry.watch((serviceName, list) => {
    lists.set(serviceName, list);
    told.push([serviceName, list]);
    for (const check of waiting) check();
  });
  return {
    lists,
    told,
    summary,
    stop,
    until(serviceName, ...expected) {
      return new Promise((resolve) => {
        const check = (): void => {
          if (summary(serviceName).join() !== expected.join()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      });
    },
  };
}
