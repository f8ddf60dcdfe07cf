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
  /** Waits for any condition; asked again after each list that is told. */
  untilTrue(condition: () => boolean): Promise<void>;
  stop(): void;
}

/** What a watcher of a registry knows. */
export function watchRegistry(registry: Registry): RegistryView {
  const lists = new Map<string, List>();
  const told: (readonly [string, List])[] = [];
  const waiting = new Set<() => void>();
  const summary = (serviceName: string) => (lists.get(serviceName) ?? []).map(({ serverId, health }) => `${serverId} ${health}`);
  const untilTrue = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
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
    until: (serviceName, ...expected) => untilTrue(() => summary(serviceName).join() === expected.join()),
    untilTrue,
  };
}
