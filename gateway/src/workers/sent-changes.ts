import { bindRoutes } from "../snapshot/bind-routes.ts";
import type { ServiceEntry, Snapshot, SnapshotChange } from "../snapshot/snapshot.ts";
import type { SentChange } from "./messages.ts";

/** Turns what is published into what one worker has to be sent: routes once, then instances alone. */
export class ChangeSender {
  readonly #sent = new Map<string, ServiceEntry["source"]>();

  send(changes: Iterable<SnapshotChange>): SentChange[] {
    return [...changes].map(([name, entry]) => {
      if (entry === undefined) {
        this.#sent.delete(name);
        return { name, entry };
      }
      const { revision, schema, source, instances } = entry;
      const isKnown = this.#sent.get(name) === source;
      this.#sent.set(name, source);
      return {
        name,
        entry: {
          instances,
          routes: isKnown ? undefined : { revision, schema, source },
        },
      };
    });
  }
}

/** The other end: what a worker publishes, whose monotonic clock is so far ahead of the primary's. */
export function receivedChanges(
  changes: readonly SentChange[],
  { entry: current }: Pick<Snapshot, "entry">,
  leadMs: number,
): SnapshotChange[] {
  return changes.map(({ name, entry }) => {
    if (entry === undefined) return [name, undefined];
    const instances = entry.instances.map((instance) => ({ ...instance, joinedAtMs: instance.joinedAtMs + leadMs }));
    if (entry.routes !== undefined) {
      const { revision, schema, source } = entry.routes;
      return [name, { name, revision, ...bindRoutes(schema, source), instances }];
    }
    return [name, { ...current(name)!, instances }];
  });
}
