import type { Clock } from "../../core/clock.ts";
import type { Snapshot } from "../../snapshot/snapshot.ts";
import type { LastSnapshot, Store } from "../store/store.ts";

/** Whether changes can be taken now, and what calls are served from. */
export interface Readiness {
  readonly store: "ok" | "unavailable";
  readonly registry: "ok" | "unavailable";
  /** Since it was last heard from, where it is a process of its own; `null`: never. */
  readonly registryAgeMs?: number | null;
  readonly snapshot: { readonly revision: number; readonly ageMs: number };
  /** Where one is kept, on disk, of a store that may be gone. */
  readonly lastSnapshot?: LastSnapshot;
}

interface Pingable {
  ping(): Promise<void>;
}

/** Store and registry are asked anew each time; unopened ones are unavailable. */
export function createReadinessCheck(
  store: Pingable & Pick<Store, "lastSnapshot">,
  registry: Pingable & { ageMs?(): number },
  snapshot: Snapshot,
  clock: Clock,
): () => Promise<Readiness> {
  let publishedAtMs = clock.monotonicMs();
  snapshot.onPublish(() => {
    publishedAtMs = clock.monotonicMs();
  });
  return async () => {
    const [storeState, registryState] = await Promise.all([stateOf(store), stateOf(registry)]);
    const ageMs = Math.round(clock.monotonicMs() - publishedAtMs);
    const registryAgeMs = registry.ageMs?.();
    const lastSnapshot = store.lastSnapshot?.();
    return {
      store: storeState,
      registry: registryState,
      ...(registryAgeMs === undefined
        ? {}
        : { registryAgeMs: Number.isFinite(registryAgeMs) ? Math.round(registryAgeMs) : null }),
      snapshot: { revision: snapshot.revision, ageMs },
      ...(lastSnapshot && { lastSnapshot }),
    };
  };
}

async function stateOf(part: Pingable): Promise<"ok" | "unavailable"> {
  try {
    await part.ping();
    return "ok";
  } catch {
    return "unavailable";
  }
}
