export { createGateway, type Gateway, type GatewayAddresses, type GatewayOptions } from "./app.ts";
export { ConfigError, type ConfigFault, type GatewayConfig, type GatewayLimits } from "./config.ts";
