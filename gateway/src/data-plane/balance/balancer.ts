import type { Clock } from "../../core/clock.ts";
import type { DeadlineWheel } from "../../core/deadline.ts";
import type { Instance, ServiceEntry } from "../../snapshot/snapshot.ts";
import type { Outcome } from "./ejection.ts";
import type { InstanceAwaiter, Pick } from "./instance-awaiter.ts";
import { type BalanceLimits, ServiceBalance } from "./service-balance.ts";

export type { InstanceAwaiter, Pick } from "./instance-awaiter.ts";

/** Step 4: which instance takes the call. Counts calls in flight; when all are full, the call waits in its service's line. */
export interface Balancer {
  /**
   * `tried`: IDs that this call has failed on; they are never used again. The instance counts one more call until `release`.
   * Where the service's entry was replaced since the call began, the instances are those of the newest.
   */
  pick(entry: ServiceEntry, tried: readonly string[], deadlineAtMs: number, awaiter: InstanceAwaiter): Pick | undefined;
  /** The call on this instance ended; `outcome` feeds ejection. */
  release(entry: ServiceEntry, instance: Instance, outcome: Outcome): void;
  /** Takes one retry from the service's budget (20 % of its calls, and a few more at low rates); `false`: none left. */
  mayRetry(entry: ServiceEntry): boolean;
  /** For each change that the snapshot publishes: counts of instances that stay are kept, the others are forgotten, the line is served. */
  onEntryChanged(serviceName: string, entry: ServiceEntry | undefined): void;
}

export interface BalancerOptions {
  readonly clock: Clock;
  readonly deadlines: DeadlineWheel;
  readonly limits: BalanceLimits;
}

export function createBalancer({ clock, deadlines, limits }: BalancerOptions): Balancer {
  const published = new Map<string, ServiceBalance>();
  /** Of entries that are not published, or no more; they go with the calls that still hold them. */
  const unpublished = new WeakMap<ServiceEntry, ServiceBalance>();

  function balanceOf(entry: ServiceEntry): ServiceBalance {
    let balance = published.get(entry.name) ?? unpublished.get(entry);
    if (balance === undefined) {
      balance = new ServiceBalance(entry.instances, clock, deadlines, limits);
      unpublished.set(entry, balance);
    }
    return balance;
  }

  return {
    pick: (entry, tried, deadlineAtMs, awaiter) => balanceOf(entry).pick(tried, deadlineAtMs, awaiter),
    release: (entry, instance, outcome) => balanceOf(entry).release(instance, outcome),
    mayRetry: (entry) => balanceOf(entry).mayRetry(),
    onEntryChanged(serviceName, entry) {
      const balance = published.get(serviceName);
      if (entry === undefined) {
        published.delete(serviceName);
        balance?.update([]);
      } else if (balance === undefined) {
        published.set(serviceName, new ServiceBalance(entry.instances, clock, deadlines, limits));
      } else {
        balance.update(entry.instances);
      }
    },
  };
}
