import { GatewayError } from "../../core/errors.ts";

/** Bounds the instances of a service, those included whose joining is under way. */
export interface InstanceQuota {
  /**
   * Keeps a place until what it returns is called.
   * @throws {GatewayError} QUOTA_EXCEEDED
   */
  reserve(serviceName: string, serverId: string, joined: readonly { readonly id: string }[]): () => void;
}

/** Instances that died make room within the time to live and the time to die. */
const RETRY_AFTER_SECONDS = "60";

export function createInstanceQuota(maxInstances: number): InstanceQuota {
  /** By service: how many requests join each ID. */
  const joining = new Map<string, Map<string, number>>();

  return {
    reserve(serviceName, serverId, joined) {
      const pending = joining.get(serviceName) ?? new Map<string, number>();
      const joinedIds = new Set(joined.map(({ id }) => id));
      const newcomers = [...pending.keys()].filter((id) => !joinedIds.has(id)).length;
      if (!joinedIds.has(serverId) && !pending.has(serverId) && joinedIds.size + newcomers >= maxInstances) {
        throw new GatewayError("QUOTA_EXCEEDED", `A service may have ${maxInstances} instances at most.`, {
          members: { service: serviceName },
          headers: { "retry-after": RETRY_AFTER_SECONDS },
        });
      }
      joining.set(serviceName, pending);
      pending.set(serverId, (pending.get(serverId) ?? 0) + 1);
      return () => {
        const left = pending.get(serverId)! - 1;
        if (left > 0) pending.set(serverId, left);
        else pending.delete(serverId);
        if (pending.size === 0) joining.delete(serviceName);
      };
    },
  };
}
