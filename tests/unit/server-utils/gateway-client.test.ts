import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayClient } from "../../../server-utils/src/gateway-client.ts";
import { type FakeGateway, startFakeGateway } from "../../support/fake-gateway.ts";

let gateway: FakeGateway;
beforeEach(async () => {
  gateway = await startFakeGateway();
});
afterEach(() => gateway.close());

describe("GatewayClient", () => {
  it("connects with the port as text or as a number", async () => {
    const client = new GatewayClient("key", "Asset", gateway.url);
    expect(await client.connectServer("127.0.0.1", "9000")).toBe("id-9000");
    expect(await client.connectServer("127.0.0.1", 9001)).toBe("id-9001");
    expect(gateway.requests[0]).toEqual({
      path: "/connect",
      body: { ApiKey: "key", ServiceName: "Asset", ServerAddress: "127.0.0.1", ServerPort: "9000" },
    });
  });

  it("rejects where the gateway refuses, answers nonsense, or is away", async () => {
    const client = new GatewayClient("key", "Asset", gateway.url);
    gateway.answer(() => [401, { Status: "failed", Message: "wrong key", code: "UNAUTHENTICATED" }]);
    await expect(client.connectServer("127.0.0.1", 1)).rejects.toMatchObject({
      name: "GatewayRefusal",
      status: 401,
      code: "UNAUTHENTICATED",
      message: "/connect was refused with 401: wrong key",
    });
    gateway.answer(() => [200, { Status: "ok", ServerID: "" }]);
    await expect(client.connectServer("127.0.0.1", 1)).rejects.toThrow("no gateway answers like this");
    gateway.answer(() => "hang up");
    await expect(client.connectServer("127.0.0.1", 1)).rejects.toThrow(`The gateway at ${gateway.url} can't be reached`);
  });

  it("beats until it is stopped, through trouble of the gateway", async () => {
    const answers = ["hang up", [503, {}], [429, {}], [200, {}]] as const;
    gateway.answer(() => answers[gateway.requests.length - 1] ?? [200, {}]);
    const stop = new AbortController();
    const loop = new GatewayClient("key", "Asset", gateway.url).updateHealthLoop("id", 0.01, { signal: stop.signal });
    while (gateway.requests.length < 5) await gateway.next("/health");
    expect(gateway.requests[0]?.body).toEqual({ ApiKey: "key", ServerID: "id" });
    stop.abort();
    await loop;
  });

  it("rejects once a beat is refused", async () => {
    gateway.answer(() => [404, { code: "UNKNOWN_SERVER", detail: "no such server" }]);
    const loop = new GatewayClient("key", "Asset", gateway.url).updateHealthLoop("id", 5);
    await expect(loop).rejects.toThrow("/health was refused with 404: no such server");
  });

  it("refuses an address or a rate that can never work", () => {
    expect(() => new GatewayClient("key", "Asset", "gateway:4200")).toThrow("expected an address");
    expect(() => new GatewayClient("key", "Asset", gateway.url).updateHealthLoop("id", 0)).toThrow("expected a positive number");
  });
});
