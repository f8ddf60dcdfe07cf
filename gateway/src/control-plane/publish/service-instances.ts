import type { Clock } from "../../core/clock.ts";
import type { Instance } from "../../snapshot/snapshot.ts";
import type { InstanceRecord, RegisteredInstance } from "../registry/registry.ts";
import { dialectOf, isDialectGuessed } from "./dialect.ts";

/** The instances of every service, as the registry tells them; an instance that did not change stays the same object. */
export interface ServiceInstances {
  of(serviceName: string): readonly Instance[];
  all(): Iterable<readonly [serviceName: string, instances: readonly Instance[]]>;
  /** `false`: nothing changed. */
  replace(serviceName: string, registered: readonly RegisteredInstance[]): boolean;
  /** It joined here just now, perhaps again after a restart: its first seconds begin anew. */
  joined(record: InstanceRecord): void;
  left(serviceName: string, serverId: string): void;
}

const NONE: readonly Instance[] = [];

export function createServiceInstances(clock: Clock): ServiceInstances {
  const byService = new Map<string, readonly Instance[]>();

  function toInstance({ serverId: id, address, port, weight, meta, health }: RegisteredInstance, joinedAtMs: number): Instance {
    const dialect = dialectOf(meta);
    const guess = isDialectGuessed(meta) ? { dialectIsGuess: true } : {};
    return { id, address, port, weight, meta, dialect, ...guess, health, joinedAtMs };
  }

  function set(serviceName: string, instances: readonly Instance[]): void {
    if (instances.length > 0) byService.set(serviceName, instances);
    else byService.delete(serviceName);
  }

  return {
    of: (serviceName) => byService.get(serviceName) ?? NONE,
    all: () => byService,

    replace(serviceName, registered) {
      const before = byService.get(serviceName) ?? NONE;
      const known = new Map(before.map((instance) => [instance.id, instance]));
      const nowMs = clock.monotonicMs();
      const after = registered.map((record) => {
        const old = known.get(record.serverId);
        return old && isSame(old, record) ? old : toInstance(record, old?.joinedAtMs ?? nowMs);
      });
      const changed = after.length !== before.length || after.some((instance, index) => instance !== before[index]);
      if (changed) set(serviceName, after);
      return changed;
    },

    joined(record) {
      const instance = toInstance({ ...record, health: "passing" }, clock.monotonicMs());
      const before = byService.get(record.serviceName) ?? NONE;
      const isKnown = before.some(({ id }) => id === instance.id);
      set(record.serviceName, isKnown ? before.map((old) => (old.id === instance.id ? instance : old)) : [...before, instance]);
    },

    left(serviceName, serverId) {
      set(
        serviceName,
        (byService.get(serviceName) ?? NONE).filter(({ id }) => id !== serverId),
      );
    },
  };
}

/** Asked of all instances of a service when one of them changes, so it must be cheap. */
function isSame(instance: Instance, { address, port, weight, meta, health }: RegisteredInstance): boolean {
  return (
    instance.address === address &&
    instance.port === port &&
    instance.weight === weight &&
    instance.health === health &&
    (instance.meta === meta || areSameTexts(instance.meta, meta))
  );
}

function areSameTexts(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
