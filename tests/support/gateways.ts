import { expect } from "vitest";
import { request } from "./gateway-client.ts";
import { type GatewayProcess, startGatewayProcess } from "./gateway-process.ts";

/** Far beyond what a change takes, so that a busy machine fails no test; bench/README.md has the times. */
const SOON = { timeout: 20_000, interval: 10 };

/** How a gateway is told of these, which are tried in this order. */
export function registryAt(...agents: readonly { readonly url: string }[]): string {
  return `consul://${agents.map(({ url }) => new URL(url).host).join()}`;
}

/** Several that share a store, one for each of the registries. */
export async function startGateways(
  store: string,
  registries: readonly string[],
  config: Readonly<Record<string, unknown>> = {},
): Promise<GatewayProcess[]> {
  const starting = registries.map((registry) =>
    startGatewayProcess({ args: ["--store", store, "--registry", registry], config }),
  );
  try {
    return await Promise.all(starting);
  } catch (error) {
    for (const start of await Promise.allSettled(starting)) if (start.status === "fulfilled") await start.value.stop();
    throw error;
  }
}

export async function stopAll(gateways: readonly GatewayProcess[]): Promise<void> {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
}

/** Replaces the services of an owner. */
export function update(
  { url }: GatewayProcess,
  owner: string,
  apikey: string,
  services: readonly object[],
  ifMatch?: string | undefined,
) {
  const headers = { apikey, ...(ifMatch !== undefined && { "if-match": ifMatch }) };
  const json = [{ OwnerId: owner, OwnerName: owner, Services: services }];
  return request(`${url}/update?ownerid=${owner}`, { method: "PUT", headers, json });
}

/** Until this is to be seen at each of them. */
export async function untilAll<T>(
  gateways: readonly GatewayProcess[],
  look: (gateway: GatewayProcess) => Promise<T>,
  is: T,
): Promise<void> {
  await Promise.all(gateways.map((gateway) => expect.poll(() => look(gateway), SOON).toEqual(is)));
}

export const statusOf = (path: string) => async (gateway: GatewayProcess) => (await request(`${gateway.url}${path}`)).status;

export const servedRevision = (service: string) => async (gateway: GatewayProcess) =>
  (await request(`${gateway.adminUrl}/admin/v1/services/${service}`)).json.servedRevision as number | undefined;

/** What /ready tells of store and registry. */
export async function partsOf({ adminUrl }: GatewayProcess): Promise<{ store: string; registry: string }> {
  const { store, registry } = (await request(`${adminUrl}/ready`)).json;
  return { store, registry };
}
