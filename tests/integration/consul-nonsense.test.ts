import { expect, it, onTestFinished } from "vitest";
import { consulFaults } from "../support/consul-faults.ts";
import { catalogEntry, startFakeConsul } from "../support/fake-consul.ts";
import { register, request } from "../support/gateway-client.ts";
import { startGatewayProcess } from "../support/gateway-process.ts";
import { startSteadyCalls } from "../support/steady-calls.ts";
import { startThriftPeer } from "../support/thrift-peer.ts";

/** Each has 5 s; a caller of a busy machine gets it a little later. */
const ANSWERED_MS = 7_500;

it("callers of a gateway notice nothing of what Consul answers", { timeout: 120_000 }, async () => {
  const consul = await startFakeConsul();
  onTestFinished(consul.close);
  const peer = await startThriftPeer();
  onTestFinished(peer.close);
  const gateway = await startGatewayProcess({ args: ["--registry", consul.url.replace("http:", "consul:")] });
  onTestFinished(() => gateway.stop());
  const ApiKey = await register(gateway.url, "acme", [{ name: "S", idl: "service S { void m() }", paths: ["m"] }]);
  const own = catalogEntry("own", { Address: peer.host, Port: peer.port });
  consul.list("S", [own]);
  const call = `${gateway.url}/S/m`;
  await expect.poll(async () => (await request(call)).status, { timeout: 20_000 }).toBe(200);

  const calls = startSteadyCalls([call]);
  for (const [name, fault] of consulFaults) {
    // The queries that wait get it at once.
    consul.misbehave(fault);
    const begun = performance.now();
    const ServerID = crypto.randomUUID();
    const { status } = await request(`${gateway.url}/health`, { method: "POST", json: { ApiKey, ServerID } });
    // An empty list is one that does not have it.
    expect([404, 503], name).toContain(status);
    expect(performance.now() - begun, name).toBeLessThan(ANSWERED_MS);
    await calls.goOn(20);
    const isWell = consul.asked("/v1/catalog/services", 2);
    consul.misbehave(undefined);
    await isWell;
  }
  expect(await calls.stop()).toEqual([]);
  const other = await startThriftPeer();
  onTestFinished(other.close);
  consul.list("S", [own, catalogEntry("other", { Address: other.host, Port: other.port })]);
  const called = other.until(({ calls }) => calls.length > 0);
  const more = startSteadyCalls([call]);
  await called;
  expect(await more.stop()).toEqual([]);
});
