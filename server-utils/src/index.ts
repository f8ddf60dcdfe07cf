export { GatewayClient } from "./gateway-client.ts";
export { GatewayRefusal } from "./gateway-refusal.ts";
export { joinGateway } from "./join-gateway.ts";
export type { JoinOptions } from "./join-options.ts";
export type { JoinState } from "./join-state.ts";
export type { Membership, MembershipEvents } from "./membership.ts";
