import type { Instance } from "../../gateway/src/snapshot/snapshot.ts";

/** An instance as the snapshot lists it, for tests that care about little of it. */
export function testInstance(difference: Partial<Instance> = {}): Instance {
  return {
    id: "an-instance",
    service: "AService",
    address: "127.0.0.1",
    port: 9090,
    weight: 10,
    meta: {},
    dialect: { transport: "framed", protocol: "binary" },
    health: "passing",
    joinedAtMs: 0,
    ...difference,
  };
}
