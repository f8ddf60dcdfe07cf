export { serverIdOf } from "./control-plane/connect/server-id.ts";
export { PROXY_MARK, PROXY_SERVICE } from "./control-plane/proxy/proxy-idl.ts";
export { createRegistry, type RegistryConfig } from "./control-plane/registry/create-registry.ts";
export type { InstanceRecord, Registry } from "./control-plane/registry/registry.ts";
export { parseHost } from "./core/address-policy.ts";
export { systemClock } from "./core/clock.ts";
export { createLogger } from "./core/logger.ts";
