import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { joinGateway } from "../../../server-utils/src/join-gateway.ts";
import type { JoinOptions } from "../../../server-utils/src/join-options.ts";
import type { JoinState } from "../../../server-utils/src/join-state.ts";
import type { Membership } from "../../../server-utils/src/membership.ts";
import { allIsWell, type FakeGateway, startFakeGateway } from "../../support/fake-gateway.ts";

const gateways: FakeGateway[] = [];
const members: Membership[] = [];

async function startGateway(port?: number): Promise<FakeGateway> {
  const gateway = await startFakeGateway(port);
  gateways.push(gateway);
  return gateway;
}

function join(options: Partial<JoinOptions> & Pick<JoinOptions, "gateways">): Membership {
  const member = joinGateway({
    apiKey: "key",
    service: "Asset",
    address: "127.0.0.1",
    port: 9000,
    leaveOnSignals: [],
    ...options,
  });
  members.push(member);
  return member;
}

function reaches(member: Membership, name: JoinState["name"]): Promise<JoinState> {
  return new Promise((resolve) => {
    if (member.state.name === name) resolve(member.state);
    else member.on("state", (state) => state.name === name && resolve(state));
  });
}

async function closedPort(): Promise<number> {
  const gateway = await startFakeGateway();
  await gateway.close();
  return gateway.port;
}

afterEach(async () => {
  await Promise.all(members.splice(0).map((member) => member.leave()));
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
});

describe("joinGateway", () => {
  it("connects, beats, and leaves", async () => {
    const gateway = await startGateway();
    const member = join({ gateways: gateway.url, weight: 3, meta: { zone: "a" }, dialect: { transport: "buffered" } });
    expect(await once(member, "joined")).toEqual(["id-9000", gateway.url]);
    expect(gateway.requests).toEqual([
      {
        path: "/connect",
        body: {
          ApiKey: "key",
          ServiceName: "Asset",
          ServerAddress: "127.0.0.1",
          ServerPort: "9000",
          Weight: 3,
          Meta: { zone: "a", transport: "buffered", protocol: "binary" },
        },
      },
    ]);
    expect((await gateway.next()).path).toBe("/health");
    expect((await gateway.next()).body).toEqual({ ApiKey: "key", ServerID: "id-9000" });

    const left = once(member, "left");
    await member.leave();
    await left;
    expect(member.state).toEqual({ name: "left" });
    expect(member.serverId).toBe("id-9000");
    expect(gateway.requests.at(-1)).toEqual({ path: "/disconnect", body: { ApiKey: "key", ServerID: "id-9000" } });
  });

  it("waits until its server listens, takes its port, and leaves when it closes", async () => {
    const gateway = await startGateway();
    const server: Server = createServer();
    const member = join({ gateways: gateway.url, port: undefined, server });
    expect(member.state).toEqual({ name: "waiting" });
    const asked = gateway.next("/connect");
    server.listen(0, "127.0.0.1");
    const { port } = await once(server, "listening").then(() => server.address() as { port: number });
    expect((await asked).body.ServerPort).toBe(String(port));
    await reaches(member, "joined");
    server.close();
    await reaches(member, "left");
    expect(gateway.requests.at(-1)?.path).toBe("/disconnect");
    expect(server.listenerCount("listening") + server.listenerCount("close") + server.listenerCount("error")).toBe(0);
  });

  it("leaves without having listened, without a word to the gateway", async () => {
    const gateway = await startGateway();
    const server = createServer();
    const member = join({ gateways: gateway.url, port: undefined, server });
    await member.leave();
    expect(gateway.requests).toEqual([]);
    expect(server.listenerCount("listening")).toBe(0);
  });

  it("connects again when the gateway does not know it", async () => {
    const gateway = await startGateway();
    const member = join({ gateways: gateway.url });
    await reaches(member, "joined");
    gateway.answer(({ path }) =>
      path === "/health" ? [404, { code: "UNKNOWN_SERVER", detail: "unknown" }] : [200, { ServerID: "new" }],
    );
    const [error] = await once(member, "lost");
    expect(error).toMatchObject({ status: 404, code: "UNKNOWN_SERVER", message: "/health was refused with 404: unknown" });
    await reaches(member, "joined");
    expect(member.serverId).toBe("new");
  });

  it("connects again to a gateway that went and came back", async () => {
    const gateway = await startGateway();
    const member = join({ gateways: gateway.url });
    await reaches(member, "joined");
    const lost = once(member, "lost");
    await gateways.pop()!.close();
    await lost;
    const again = await startGateway(gateway.port);
    expect((await again.next()).path).toBe("/connect");
  });

  it.each([
    ["hangs up", "hang up"],
    ["answers nonsense", [200, "<html>"]],
    ["answers no object", [200, "null"]],
    ["answers without end", [200, `"${"x".repeat(100_000)}"`]],
    ["has trouble", [500, {}]],
    ["says nothing", "silence"],
  ] as const)("tries again where the gateway %s", async (_name, bad) => {
    const gateway = await startGateway();
    let first = true;
    gateway.answer((request) => {
      const answer = first ? bad : allIsWell(request);
      first = false;
      return answer;
    });
    const member = join({ gateways: gateway.url, requestTimeoutMs: 200 });
    await reaches(member, "joined");
    expect(gateway.requests.filter(({ path }) => path === "/connect")).toHaveLength(2);
  });

  it("uses the first gateway that answers, and the next when it fails", async () => {
    const [first, second] = [await startGateway(), await startGateway()];
    const member = join({ gateways: [`http://127.0.0.1:${await closedPort()}`, first.url, second.url] });
    expect(await once(member, "joined")).toEqual(["id-9000", first.url]);
    first.answer(() => "hang up");
    expect(await once(member, "joined")).toEqual(["id-9000", second.url]);
    await second.next("/health");
    await member.leave();
    expect(second.requests.at(-1)?.path).toBe("/disconnect");
  });

  it("says once by a process warning that it gets nowhere, and goes on trying", async () => {
    const gateway = await startGateway();
    gateway.answer(() => [404, { detail: "There is no such service." }]);
    vi.spyOn(Math, "random").mockReturnValue(0);
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    onTestFinished(() => void vi.restoreAllMocks());
    join({ gateways: gateway.url });
    await vi.waitFor(() => expect(gateway.requests.length).toBeGreaterThan(20));
    const message = "/connect was refused with 404: There is no such service. It is tried again every few seconds.";
    expect(warn.mock.calls).toEqual([[message, "ThriftgateWarning"]]);
  });

  it.each([
    ["listener", true],
    ["process warning", false],
  ])("says by a %s that the key is refused, and keeps trying slowly", async (_name, listens) => {
    const gateway = await startGateway();
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    gateway.answer(() => [401, { code: "UNAUTHENTICATED", detail: "the key is wrong" }]);
    const member = join({ gateways: gateway.url });
    const heard: Error[] = [];
    if (listens) member.on("refused", (error) => heard.push(error));
    await reaches(member, "refused");
    await member.leave();
    const message = "/connect was refused with 401: the key is wrong";
    expect(heard.map((error) => error.message)).toEqual(listens ? [message] : []);
    expect(warn.mock.calls).toEqual(
      listens ? [] : [[`${message} It is tried again every 30 to 60 seconds.`, "ThriftgateWarning"]],
    );
    expect(gateway.requests).toHaveLength(1);
    warn.mockRestore();
  });

  it("takes no calls while it is not healthy by its own word", async () => {
    const gateway = await startGateway();
    let healthy: () => boolean = () => true;
    const member = join({ gateways: gateway.url, isHealthy: () => healthy() });
    await reaches(member, "joined");
    const disconnected = gateway.next("/disconnect");
    healthy = () => {
      throw new Error("the disk is full");
    };
    await disconnected;
    await reaches(member, "unhealthy");
    const connected = gateway.next("/connect");
    healthy = () => true;
    await connected;
  });

  it("survives what its listeners throw", async () => {
    const gateway = await startGateway();
    const uncaught = vi.fn();
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", uncaught);
    const member = join({ gateways: gateway.url });
    member.once("joined", () => {
      throw new Error("the host's own");
    });
    await gateway.next("/health");
    expect(uncaught).toHaveBeenCalledOnce();
    for (const listener of others) process.on("uncaughtException", listener);
  });

  it("leaves once, also while it is connecting", async () => {
    const gateway = await startGateway();
    const member = join({ gateways: gateway.url });
    const asked = gateway.next("/connect");
    await asked;
    await Promise.all([member.leave(), member.leave()]);
    expect(gateway.requests.map(({ path }) => path)).toEqual(["/connect", "/disconnect"]);
  });

  it("says that it speaks TLS, and under which name", async () => {
    const gateway = await startGateway();
    const server = createTlsServer().listen(0, "127.0.0.1");
    const asked = gateway.next("/connect");
    join({ gateways: gateway.url, server, dialect: { multiplexed: true, tlsServerName: "asset.internal" } });
    expect((await asked).body).toMatchObject({
      Meta: { transport: "framed", protocol: "binary", multiplexed: "true", tls: "true", tlsServerName: "asset.internal" },
    });
    server.close();
  });

  it.each<[string, object]>([
    ["gateways", { gateways: [] }],
    ["gateways", { gateways: "127.0.0.1:4200" }],
    ["apiKey", { apiKey: "" }],
    ["apiKey", { apiKey: undefined }],
    ["port", { port: undefined }],
    ["port", { port: 65_536 }],
    ["weight", { weight: 0 }],
    ["meta.zone", { meta: { zone: 1n } }],
    ["requestTimeoutMs", { requestTimeoutMs: 0.5 }],
  ])("refuses %s at once: %o", (name, options) => {
    const valid = { gateways: "http://127.0.0.1:1", apiKey: "key", service: "Asset", address: "127.0.0.1", port: 1 };
    expect(() => joinGateway({ ...valid, ...options })).toThrow(new RegExp(`^${name}: expected`));
  });
});
