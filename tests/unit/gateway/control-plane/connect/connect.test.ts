import { describe, expect, test } from "vitest";
import type { Registry } from "../../../../../gateway/src/control-plane/registry/registry.ts";
import { GatewayError } from "../../../../../gateway/src/core/errors.ts";
import {
  assetService,
  connection,
  listenOn,
  MASTER_KEY,
  registration,
  startControlPlane,
  type TestOptions,
} from "../../../../support/control-plane.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";
import { createMemoryRegistry } from "../../../../support/memory-registry.ts";

const UUID_V5 = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

async function connected(options?: TestOptions) {
  const started = await startControlPlane(options);
  const apiKey = await started.register();
  const attempt = (overrides: object = {}) => started.api.post("/connect").send(connection(apiKey, overrides));
  return { ...started, apiKey, attempt };
}

describe("a server joins", () => {
  test("the answer, and the instance is served at once", async () => {
    const { attempt, snapshot } = await connected();
    const answer = await attempt().expect(200);
    expect(Object.keys(answer.body)).toEqual(["Status", "Message", "ServerID", "ttlSeconds", "heartbeatMs"]);
    expect(answer.body).toMatchObject({
      Status: "ok",
      Message: "Server Connection Request Accepted.",
      ServerID: expect.stringMatching(UUID_V5),
      ttlSeconds: 45,
      heartbeatMs: 15_000,
    });
    expect(snapshot.entry("AssetManagement")?.instances).toEqual([
      {
        id: answer.body.ServerID,
        service: "AssetManagement",
        address: "127.0.0.1",
        port: 8000,
        weight: 1,
        meta: {},
        dialect: { transport: "framed", protocol: "binary" },
        dialectIsGuess: true,
        health: "passing",
        joinedAtMs: 0,
      },
    ]);
  });

  test("with weight, metadata and dialect", async () => {
    const { attempt, snapshot } = await connected();
    const Meta = { transport: "buffered", protocol: "binary", zone: "a" };
    await attempt({ Weight: 100, Meta, ServerPort: 8000 }).expect(200);
    expect(snapshot.entry("AssetManagement")?.instances).toMatchObject([
      { weight: 100, meta: Meta, dialect: { transport: "buffered", protocol: "binary" } },
    ]);
  });

  test("again: the same ID, no ghost, its first seconds begin anew", async () => {
    const { attempt, clock, snapshot } = await connected();
    const first = await attempt().expect(200);
    await clock.advance(20_000);
    const again = await attempt({ Weight: 2, ServerAddress: "::ffff:127.0.0.1" }).expect(200);
    expect(again.body.ServerID).toBe(first.body.ServerID);
    expect(snapshot.entry("AssetManagement")?.instances).toMatchObject([{ weight: 2, joinedAtMs: 20_000 }]);
  });

  test("another port, address or service is another ID", async () => {
    const { attempt, register } = await connected();
    const other = await register(registration([assetService({ ServiceName: "Other" })], { OwnerId: "bob" }));
    const answers = [
      await attempt(),
      await attempt({ ServerPort: "8001" }),
      await attempt({ ServerAddress: "::1" }),
      await attempt({ ServiceName: "Other", ApiKey: other }),
    ];
    expect(new Set(answers.map(({ body }) => body.ServerID)).size).toBe(4);
  });

  test.each([
    ["localhost", "localhost"],
    ["LOCALHOST", "localhost"],
    ["::1", "::1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["10.1.2.3", "10.1.2.3"],
    ["fd12:0::7", "fd12::7"],
  ])("at %s", async (ServerAddress, address) => {
    const { attempt, snapshot } = await connected();
    await attempt({ ServerAddress }).expect(200);
    expect(snapshot.entry("AssetManagement")?.instances).toMatchObject([{ address }]);
  });

  test("keys in any letter case, and the master key", async () => {
    const { api } = await connected();
    await api
      .post("/connect")
      .send({ apikey: MASTER_KEY, servicename: "AssetManagement", serveraddress: "127.0.0.1", serverport: "8000" })
      .expect(200);
  });

  test("a name like an object's own property is metadata like any other", async () => {
    const { api, apiKey, snapshot } = await connected();
    const body = JSON.stringify(connection(apiKey, { Meta: {} })).replace('"Meta":{}', '"Meta":{"__proto__":"x"}');
    await api.post("/connect").type("application/json").send(body).expect(200);
    expect(Object.entries(snapshot.entry("AssetManagement")!.instances[0]!.meta)).toEqual([["__proto__", "x"]]);
  });
});

describe("a server is refused", () => {
  const refusals: Record<string, [overrides: object, status: number, code: string, pointer?: string]> = {
    "a wrong key": [{ ApiKey: "wrong" }, 401, "UNAUTHENTICATED"],
    "no key": [{ ApiKey: undefined }, 401, "UNAUTHENTICATED"],
    "a blank key": [{ ApiKey: "" }, 401, "UNAUTHENTICATED"],
    "a key with CR LF": [{ ApiKey: "a\r\nb" }, 401, "UNAUTHENTICATED"],
    "a key with a NUL": [{ ApiKey: "a\0" }, 401, "UNAUTHENTICATED"],
    "a key beyond ASCII": [{ ApiKey: "ключ" }, 401, "UNAUTHENTICATED"],
    "a very long key": [{ ApiKey: "x".repeat(50_000) }, 401, "UNAUTHENTICATED"],
    "a key that is no text": [{ ApiKey: { $ne: "" } }, 400, "INVALID_FIELD", "/ApiKey"],
    "an unknown service": [{ ServiceName: "Nope" }, 404, "SERVICE_NOT_FOUND", "/ServiceName"],
    "an unknown service and a wrong key": [{ ServiceName: "Nope", ApiKey: "wrong" }, 401, "UNAUTHENTICATED"],
    "no service": [{ ServiceName: undefined }, 400, "INVALID_FIELD", "/ServiceName"],
    "a service that is no text": [{ ServiceName: 5 }, 400, "INVALID_FIELD", "/ServiceName"],
    "an unknown field": [{ Wieght: 5 }, 400, "INVALID_FIELD", "/Wieght"],
    "no address": [{ ServerAddress: undefined }, 400, "INVALID_ADDRESS", "/ServerAddress"],
    "an address that is no text": [{ ServerAddress: ["127.0.0.1"] }, 400, "INVALID_ADDRESS", "/ServerAddress"],
    "a weight of none": [{ Weight: 0 }, 400, "INVALID_FIELD", "/Weight"],
    "a weight of too much": [{ Weight: 101 }, 400, "INVALID_FIELD", "/Weight"],
    "half a weight": [{ Weight: 1.5 }, 400, "INVALID_FIELD", "/Weight"],
    "metadata that is no object": [{ Meta: [] }, 400, "INVALID_FIELD", "/Meta"],
    "metadata that is no text": [{ Meta: { a: 1 } }, 400, "INVALID_FIELD", "/Meta/a"],
    "long metadata": [{ Meta: { a: "x".repeat(1_025) } }, 400, "INVALID_FIELD", "/Meta/a"],
    "much metadata": [
      { Meta: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [index, ""])) },
      400,
      "LIMIT_EXCEEDED",
      "/Meta",
    ],
    "an unknown transport": [{ Meta: { transport: "http" } }, 400, "INVALID_FIELD", "/Meta/transport"],
    "an unknown protocol": [{ Meta: { protocol: "json" } }, 400, "INVALID_FIELD", "/Meta/protocol"],
    "a service name that is none": [{ Meta: { multiplexed: "a:b" } }, 400, "INVALID_FIELD", "/Meta/multiplexed"],
    "TLS, or maybe not": [{ Meta: { tls: "yes" } }, 400, "INVALID_FIELD", "/Meta/tls"],
    "a server name that no certificate has": [{ Meta: { tlsServerName: "a b" } }, 400, "INVALID_FIELD", "/Meta/tlsServerName"],
  };
  for (const address of [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "fe80::1%lo",
    "fe80::1",
    "fd00:ec2::254",
    "0.0.0.0",
    "::",
  ]) {
    refusals[`the address ${address}`] = [{ ServerAddress: address }, 400, "ADDRESS_FORBIDDEN", "/ServerAddress"];
  }
  for (const address of ["224.0.0.1", "255.255.255.255", "240.0.0.1", "ff02::1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"]) {
    refusals[`the address ${address}`] = [{ ServerAddress: address }, 400, "ADDRESS_FORBIDDEN", "/ServerAddress"];
  }
  for (const address of ["127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.01", "127.0.0.1.", "256.0.0.1"]) {
    refusals[`the address ${address}`] = [{ ServerAddress: address }, 400, "INVALID_ADDRESS", "/ServerAddress"];
  }
  for (const address of [
    "１２７.0.0.1",
    "①27.0.0.1",
    "127。0。0。1",
    "127.0.0.1\0",
    "",
    " ",
    "127.0.0.1 ",
    "a b",
    "-a",
    "a_b",
    "a..b",
  ]) {
    refusals[`the address ${JSON.stringify(address)}`] = [{ ServerAddress: address }, 400, "INVALID_ADDRESS", "/ServerAddress"];
  }
  for (const address of [
    "[::1]",
    "127.0.0.1:8000",
    "http://127.0.0.1",
    "user@127.0.0.1",
    "::1::",
    "1:2:3",
    "a".repeat(254),
    "::1/64",
  ]) {
    refusals[`the address ${address}`] = [{ ServerAddress: address }, 400, "INVALID_ADDRESS", "/ServerAddress"];
  }
  for (const port of [
    "",
    " 80",
    "80a",
    "8e3",
    "0x50",
    "-1",
    "0",
    "65536",
    "99999",
    "080000",
    80.5,
    null,
    -1,
    0,
    65_536,
    true,
    ["8000"],
    "８０００",
  ]) {
    refusals[`the port ${JSON.stringify(port)}`] = [{ ServerPort: port }, 400, "INVALID_PORT", "/ServerPort"];
  }
  for (const port of [1, 22, 25, 80, 443, 1_023, 6_379, 8_500, 27_017]) {
    refusals[`the port ${port}`] = [{ ServerPort: String(port) }, 400, "PORT_FORBIDDEN", "/ServerPort"];
  }

  test("for each reason: problem+json with Status and Message, without ServerID; no instance joins", async () => {
    const { attempt, snapshot } = await connected();
    for (const [name, [overrides, status, code, pointer]] of Object.entries(refusals)) {
      const answer = await attempt(overrides);
      expect(answer.body, name).toMatchObject({ status, code, Status: "failed", Message: answer.body.detail });
      expect(answer.status, name).toBe(status);
      expect(answer.type, name).toBe("application/problem+json");
      expect(answer.body, name).not.toHaveProperty("ServerID");
      expect(answer.body.pointer, name).toBe(pointer);
    }
    expect(snapshot.entry("AssetManagement")?.instances).toEqual([]);
    await attempt().expect(200);
  });

  test.each([
    ["nothing", "", 400, "INVALID_BODY"],
    ["an array", "[]", 400, "INVALID_BODY"],
    ["null", "null", 400, "INVALID_BODY"],
    ["an empty object", "{}", 400, "INVALID_FIELD"],
    ["no JSON", "{", 400, "INVALID_JSON"],
    ["a key twice", '{"ApiKey":"a","ApiKey":"b"}', 400, "DUPLICATE_KEY"],
    ["too much", " ".repeat(65_537), 413, "PAYLOAD_TOO_LARGE"],
  ])("a body of %s", async (_name, body, status, code) => {
    const { api } = await startControlPlane();
    const answer = await api.post("/connect").type("application/json").send(body);
    expect(answer.body).toMatchObject({ status, code, Status: "failed" });
  });

  test("another method", async () => {
    const { api } = await startControlPlane();
    const answer = await api.get("/connect").expect(405);
    expect(answer.body).toMatchObject({ code: "METHOD_NOT_ALLOWED", Status: "failed" });
  });

  test("with another owner's key", async () => {
    const { attempt, register } = await connected();
    const ApiKey = await register(registration([], { OwnerId: "bob" }));
    const answer = await attempt({ ApiKey }).expect(403);
    expect(answer.body.code).toBe("FORBIDDEN");
  });

  test("strangers get one text, whether the service exists or not", async () => {
    const { attempt } = await connected();
    const [known, unknown] = await Promise.all([attempt({ ApiKey: "x" }), attempt({ ApiKey: "x", ServiceName: "Nope" })]);
    expect(known.body.detail).toBe(unknown.body.detail);
  });

  test.each(["127.0.0.1", "127.8.8.8", "::1", "::ffff:7f00:1", "::7f00:1", "localhost"])(
    "at %s, where loopback is not allowed",
    async (ServerAddress) => {
      const { attempt } = await connected({ addresses: { allowLoopback: false } });
      const answer = await attempt({ ServerAddress }).expect(400);
      expect(answer.body.code).toBe("ADDRESS_FORBIDDEN");
    },
  );

  test.each([
    ["to a forbidden address", ["169.254.169.254"], 400, "ADDRESS_FORBIDDEN"],
    ["also to a forbidden address", ["10.0.0.1", "169.254.169.254"], 400, "ADDRESS_FORBIDDEN"],
    ["nowhere", [], 400, "INVALID_ADDRESS"],
    ["to a good address", ["10.0.0.1"], 200, undefined],
  ])("by a name that leads %s", async (_name, found, status, code) => {
    const resolve = async () => found.map((address) => ({ address, family: 4 }));
    const { attempt } = await connected({ addresses: { resolve } });
    const answer = await attempt({ ServerAddress: "metadata.google.internal" });
    expect(answer.status).toBe(status);
    expect(answer.body.code).toBe(code);
  });

  test.each([
    ["ENOTFOUND", 400, "INVALID_ADDRESS"],
    ["EAI_AGAIN", 503, "REGISTRY_UNAVAILABLE"],
  ])("by a name that can't be resolved: %s", async (code, status, expected) => {
    const resolve = async () => Promise.reject(Object.assign(new Error(code), { code }));
    const { attempt } = await connected({ addresses: { resolve } });
    const answer = await attempt({ ServerAddress: "nowhere.internal" });
    expect(answer.body).toMatchObject({ status, code: expected });
  });

  test("at the gateway's own listener, however it is written", async () => {
    const ownListeners = () => [{ address: "127.0.0.1", port: 4_200 }];
    const { attempt } = await connected({ addresses: { ownListeners } });
    for (const ServerAddress of ["127.0.0.1", "localhost", "::1", "127.0.0.2", "::ffff:127.0.0.1"]) {
      const answer = await attempt({ ServerAddress, ServerPort: "4200" }).expect(400);
      expect(answer.body.code).toBe("PORT_FORBIDDEN");
    }
    await attempt({ ServerAddress: "10.0.0.1", ServerPort: "4200" }).expect(200);
  });

  test("outside the networks that instances must be in", async () => {
    const { attempt } = await connected({ addresses: { networks: ["10.0.0.0/8", "fd00::/8"] } });
    await attempt({ ServerAddress: "10.1.2.3" }).expect(200);
    await attempt({ ServerAddress: "fd12::1" }).expect(200);
    for (const ServerAddress of ["11.0.0.1", "127.0.0.1", "fe00::1"]) {
      expect((await attempt({ ServerAddress }).expect(400)).body.code).toBe("ADDRESS_FORBIDDEN");
    }
  });

  test("where RegisteredServers are enforced and don't hold it", async () => {
    const RegisteredServers = [
      { ServerUrl: "http://localhost:8000", Port: 8000 },
      { ServerUrl: "10.0.0.1" },
      { ServerUrl: "tcp://[fd12:0::1]:9000" },
    ];
    const { api, register } = await startControlPlane({ config: { enforceRegisteredServers: true } });
    const apiKey = await register(registration([assetService({ RegisteredServers }), assetService({ ServiceName: "Free" })]));
    const attempt = (overrides: object) => api.post("/connect").send(connection(apiKey, overrides));
    await attempt({ ServerAddress: "127.0.0.1", ServerPort: "8000" }).expect(200);
    await attempt({ ServerAddress: "10.0.0.1", ServerPort: "1234" }).expect(200);
    await attempt({ ServerAddress: "fd12::1", ServerPort: "9000" }).expect(200);
    await attempt({ ServiceName: "Free", ServerAddress: "10.9.9.9" }).expect(200);
    for (const overrides of [
      { ServerPort: "8001" },
      { ServerAddress: "10.0.0.2" },
      { ServerAddress: "fd12::1", ServerPort: "9001" },
    ]) {
      const answer = await attempt(overrides).expect(403);
      expect(answer.body).toMatchObject({ code: "ADDRESS_NOT_REGISTERED", Status: "failed" });
    }
  });

  test("one more than a service may have, also when all come at once", async () => {
    const { controlPlane, register, snapshot } = await startControlPlane({ config: { limits: { maxInstancesPerService: 10 } } });
    const apiKey = await register();
    const { url, stop } = await listenOn(controlPlane.router, "/connect");
    const attempt = (port: number) =>
      fetch(url, { method: "POST", body: Buffer.from(JSON.stringify(connection(apiKey, { ServerPort: port }))) });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => attempt(9_000 + index)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(10);
    expect(refused[0]!.headers.get("retry-after")).toBe("60");
    expect(await refused[0]!.json()).toMatchObject({ code: "QUOTA_EXCEEDED", Status: "failed" });
    const [instance] = snapshot.entry("AssetManagement")!.instances;
    expect((await attempt(instance!.port)).status).toBe(200);
    await stop();
  });

  test("when its service is removed in the middle of it", async () => {
    const clock = createFakeClock();
    const registry = createMemoryRegistry(clock, { timeToLiveMs: 45_000, timeToDieMs: 90_000, rememberMs: 1 });
    const { api, apiKey, attempt } = await connected({ options: { registry } });
    const { join } = registry;
    registry.join = async (record) => {
      await join(record);
      await api.put("/update?ownerid=ann").set({ apikey: apiKey }).send(registration([])).expect(200);
    };
    const answer = await attempt().expect(404);
    expect(answer.body).toMatchObject({ code: "SERVICE_NOT_FOUND", Status: "failed" });
    const listed: unknown[] = [];
    registry.watch((_service, instances) => listed.push(...instances));
    expect(listed).toEqual([]);
  });

  test("while the registry is down", async () => {
    const down = () => Promise.reject(new GatewayError("REGISTRY_UNAVAILABLE", "The registry can't be reached."));
    const registry: Registry = {
      open: async () => {},
      join: down,
      beat: down,
      leave: down,
      find: down,
      watch: () => () => {},
      ping: down,
      close: async () => {},
    };
    const { api, apiKey, attempt } = await connected({ options: { registry } });
    const answer = await attempt().expect(503);
    expect(answer.body).toMatchObject({ code: "REGISTRY_UNAVAILABLE", Status: "failed" });
    expect(answer.headers["retry-after"]).toBe("1");
    const ServerID = "00000000-0000-5000-8000-000000000000";
    await api.post("/health").send({ ApiKey: apiKey, ServerID }).expect(503);
    await api.post("/disconnect").send({ ApiKey: apiKey, ServerID }).expect(503);
  });
});

test("no key is in any log line, and none in the registry", async () => {
  const { api, apiKey, connect, log } = await connected();
  await connect(apiKey, { Meta: { zone: "a" } });
  await api
    .post("/connect")
    .send(connection(`${apiKey}x`))
    .expect(401);
  await api
    .post("/connect")
    .send(connection(apiKey, { ServerPort: "x" }))
    .expect(400);
  expect(log.join()).not.toContain(apiKey);
  expect(log.map((line) => JSON.parse(line)).find(({ action }) => action === "connect")).toMatchObject({
    audit: true,
    author: "owner",
    service: "AssetManagement",
  });
});
