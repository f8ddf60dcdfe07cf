import { bindRoutes } from "../snapshot/bind-routes.ts";
import type { Instance, ServiceEntry, Snapshot, SnapshotChange } from "../snapshot/snapshot.ts";
import type { SentChange, SentInstance } from "./messages.ts";

/** Turns what is published into what one worker has to be sent: routes once, then instances alone. */
export class ChangeSender {
  readonly #sent = new Map<string, ServiceEntry["source"]>();

  send(changes: Iterable<SnapshotChange>, nowMs: number): SentChange[] {
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
          instances: instances.map((instance) => sentInstance(instance, nowMs)),
          routes: isKnown ? undefined : { revision, schema, source },
        },
      };
    });
  }
}

/** The other end: what a worker publishes. */
export function receivedChanges(
  changes: readonly SentChange[],
  { entry: current }: Pick<Snapshot, "entry">,
  nowMs: number,
): SnapshotChange[] {
  return changes.map(({ name, entry }) => {
    if (entry === undefined) return [name, undefined];
    const instances = entry.instances.map((instance) => receivedInstance(instance, nowMs));
    if (entry.routes !== undefined) {
      const { revision, schema, source } = entry.routes;
      return [name, { name, revision, ...bindRoutes(schema, source), instances }];
    }
    return [name, { ...current(name)!, instances }];
  });
}

function sentInstance({ joinedAtMs, ...instance }: Instance, nowMs: number): SentInstance {
  return { ...instance, joinedAgoMs: nowMs - joinedAtMs };
}

function receivedInstance({ joinedAgoMs, ...instance }: SentInstance, nowMs: number): Instance {
  return { ...instance, joinedAtMs: nowMs - joinedAgoMs };
}
