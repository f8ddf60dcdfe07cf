export type { GatewayConfig, GatewayLimits } from "./config/gateway-config.ts";
export { loadConfig } from "./config/load-config.ts";
export { resolveConfig } from "./config/resolve-config.ts";
export { ConfigError, type ConfigFault } from "./core/config-error.ts";
