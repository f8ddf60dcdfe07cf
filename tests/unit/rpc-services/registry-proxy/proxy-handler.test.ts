import { describe, expect, it } from "vitest";
import type { InstanceRecord } from "../../../../gateway/src/registry.ts";
import { createProxyHandler } from "../../../../rpc-services/registry-proxy/src/proxy-handler.ts";

const SECRET = "a-secret-of-sixteen-or-more";
const request = { ApiKey: SECRET, ServiceName: "S", ServerAddress: "10.0.0.1", ServerPort: "9000", TTL: 45, TTD: 90 };

function start() {
  const records = new Map<string, InstanceRecord>();
  const registry = {
    join: async (record: InstanceRecord) => void records.set(record.serverId, record),
    beat: async (serverId: string) => records.has(serverId),
  };
  const handler = createProxyHandler({ registry, secret: SECRET, timeToLiveSeconds: 45, timeToDieSeconds: 90 });
  return { handler, records };
}

describe("the registry proxy's work", () => {
  it("registers, and takes beats of what is registered", async () => {
    const { handler, records } = start();
    const { Status, ServerID } = await handler.connectServer(request);
    expect(Status).toBe("ok");
    expect([...records.values()]).toEqual([
      { serverId: ServerID, serviceName: "S", address: "10.0.0.1", port: 9000, weight: 1, meta: {} },
    ]);
    expect(await handler.healthCheckServer({ ApiKey: SECRET, ServerID })).toMatchObject({ Status: "ok" });
    expect(await handler.healthCheckServer({ ApiKey: SECRET, ServerID: "other" })).toMatchObject({ Status: "failed" });
  });

  it.each<[string, Partial<typeof request>]>([
    ["no secret", { ApiKey: "" }],
    ["a wrong secret", { ApiKey: `${SECRET}x` }],
    ["the proxies' own name", { ServiceName: "RegistryProxy" }],
    ["no name", { ServiceName: "" }],
    ["no host", { ServerAddress: "10.0.0.1/../" }],
    ["port 0", { ServerPort: "0" }],
    ["port 65536", { ServerPort: "65536" }],
    ["no port", { ServerPort: "http" }],
    ["another time to live", { TTL: 44 }],
    ["another time to die", { TTD: 91 }],
  ])("refuses %s", async (_, difference) => {
    const { handler, records } = start();
    const answer = await handler.connectServer({ ...request, ...difference });
    expect(answer).toMatchObject({ Status: "failed", ServerID: "" });
    expect(answer.Message).not.toContain(SECRET);
    expect(records.size).toBe(0);
  });

  it("refuses beats of strangers", async () => {
    const { handler } = start();
    const { ServerID } = await handler.connectServer(request);
    expect(await handler.healthCheckServer({ ApiKey: "", ServerID })).toMatchObject({ Status: "failed" });
  });
});
