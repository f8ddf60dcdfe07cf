import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../core/clock.ts";
import type { Instance } from "../../snapshot/snapshot.ts";
import type { InstanceRecord, RegisteredInstance } from "../registry/registry.ts";
import { type DialectDefaults, spokenTo } from "./dialect.ts";

/** The instances of every service, as the registry tells them; an instance that did not change stays the same object. */
export interface ServiceInstances {
  of(serviceName: string): readonly Instance[];
  all(): Iterable<readonly [serviceName: string, instances: readonly Instance[]]>;
  /** `false`: nothing changed. */
  replace(serviceName: string, registered: readonly RegisteredInstance[]): boolean;
  /** It joined here just now, perhaps again after a restart: its first seconds begin anew. */
  joined(record: InstanceRecord): void;
  left(serviceName: string, serverId: string): void;
  /** How those speak that don't say so; `undefined`: by default. */
  speakBy(serviceName: string, defaults: DialectDefaults | undefined): void;
}

const NONE: readonly Instance[] = [];
const NO_DEFAULTS: DialectDefaults = { options: {}, idlService: undefined };

export function createServiceInstances(clock: Clock): ServiceInstances {
  const byService = new Map<string, readonly Instance[]>();

  const defaultsOf = new Map<string, DialectDefaults>();

  function toInstance(record: RegisteredInstance, joinedAtMs: number): Instance {
    const { serverId: id, serviceName: service, address, port, weight, meta, health } = record;
    const spoken = spokenTo(meta, defaultsOf.get(service) ?? NO_DEFAULTS);
    return { id, service, address, port, weight, meta, ...spoken, health, joinedAtMs };
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

    speakBy(serviceName, defaults) {
      if (isDeepStrictEqual(defaultsOf.get(serviceName), defaults)) return;
      if (defaults) defaultsOf.set(serviceName, defaults);
      else defaultsOf.delete(serviceName);
      const before = byService.get(serviceName) ?? NONE;
      set(
        serviceName,
        before.map((instance) => {
          const { dialect, dialectIsGuess, tls, ...rest } = instance;
          const spoken = spokenTo(instance.meta, defaults ?? NO_DEFAULTS);
          return isDeepStrictEqual(spoken, { dialect, ...(dialectIsGuess && { dialectIsGuess }), ...(tls && { tls }) })
            ? instance
            : { ...rest, ...spoken };
        }),
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
