import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../../../gateway/src/core/errors.ts";
import { assetService, registration, startControlPlane } from "../../../../support/control-plane.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";
import { createMemoryRegistry } from "../../../../support/memory-registry.ts";
import { createMemoryStore } from "../../../../support/memory-store.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

const adminKey = "an-admin-key-for-tests";
const remote = { adminHost: "10.0.0.1", adminKey };

describe("probes and metrics", () => {
  test("/live", async () => {
    const { admin } = await startControlPlane();
    const answer = await admin.get("/live").expect(200);
    expect(answer.body).toEqual({ status: "ok" });
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  test("/ready tells of store, registry and snapshot", async () => {
    const { admin, clock, register } = await startControlPlane();
    await register();
    await clock.advance(1_500);
    const answer = await admin.get("/ready").expect(200);
    expect(answer.body).toEqual({ store: "ok", registry: "ok", snapshot: { revision: 1, ageMs: 1_500 } });
  });

  test("/ready before the gateway is open, and after it closed", async () => {
    const { admin, controlPlane } = await startControlPlane({ dataDir: temporaryDirectory() });
    await controlPlane.close();
    const answer = await admin.get("/ready").expect(503);
    expect(answer.type).toBe("application/problem+json");
    expect(answer.body).toMatchObject({ code: "STORE_UNAVAILABLE", store: "unavailable", registry: "unavailable" });
  });

  test.each([
    ["store", "STORE_UNAVAILABLE"],
    ["registry", "REGISTRY_UNAVAILABLE"],
  ] as const)("/ready while the %s is down", async (part, code) => {
    const clock = createFakeClock();
    const parts = {
      store: createMemoryStore(clock),
      registry: createMemoryRegistry(clock, { timeToLiveMs: 1, timeToDieMs: 1, rememberMs: 1 }),
    };
    const ping = async () => {
      throw new GatewayError(code, "secret place");
    };
    const { admin } = await startControlPlane({ options: { ...parts, [part]: { ...parts[part], ping } } });
    const answer = await admin.get("/ready").expect(503);
    expect(answer.body).toMatchObject({ code, store: "ok", registry: "ok", [part]: "unavailable", snapshot: { revision: 0 } });
    expect(answer.text).not.toContain("secret");
    await admin.get("/live").expect(200);
  });

  test("/metrics", async () => {
    const metrics = { contentType: "text/plain; version=0.0.4; charset=utf-8", metrics: async () => "calls 1\n" };
    const { admin } = await startControlPlane({ options: { metrics } });
    const answer = await admin.get("/metrics").expect(200);
    expect(answer.text).toBe("calls 1\n");
    expect(answer.headers["content-type"]).toBe(metrics.contentType);
  });
});

describe("lists", () => {
  test("services, a page at a time", async () => {
    const { admin, register } = await startControlPlane();
    const services = ["C", "A", "B"].map((ServiceName) => assetService({ ServiceName }));
    await register(registration(services));
    const first = await admin.get("/admin/v1/services?limit=2").expect(200);
    expect(first.body).toMatchObject({ items: [{ name: "A" }, { name: "B" }], next: "B" });
    const second = await admin.get(`/admin/v1/services?limit=2&after=${first.body.next}`).expect(200);
    expect(second.body.items).toEqual([
      {
        name: "C",
        ownerId: "ann",
        revision: 1,
        servedRevision: 1,
        state: "served",
        version: "",
        description: "",
        paths: 1,
        leftOutRoutes: [],
        instances: { passing: 0, critical: 0 },
      },
    ]);
    expect(second.body).not.toHaveProperty("next");
  });

  test("one service, with its routes and instances as the data plane sees them", async () => {
    const observed = (instanceIds: readonly string[]) => instanceIds.map(() => ({ state: "connected", inFlight: 3 }));
    const { admin, connect, register } = await startControlPlane({ options: { observed } });
    const serverId = await connect(await register(), { Meta: { zone: "a" } });
    const answer = await admin.get("/admin/v1/services/AssetManagement").expect(200);
    expect(answer.body).toMatchObject({
      name: "AssetManagement",
      idlService: "AssetManagement",
      routes: [{ path: "/AssetManagement/getAsset", method: "queryAsset" }],
      faults: [],
      instances: [
        {
          serverId,
          service: "AssetManagement",
          address: "127.0.0.1",
          port: 8000,
          meta: { zone: "a" },
          health: "passing",
          observed: { state: "connected", inFlight: 3 },
        },
      ],
    });
  });

  test("instances, of all services or of one", async () => {
    const { admin, connect, register } = await startControlPlane();
    const apiKey = await register(registration([assetService(), assetService({ ServiceName: "Other" })]));
    const ids = [await connect(apiKey), await connect(apiKey, { ServerPort: "8001" })];
    const other = await connect(apiKey, { ServiceName: "Other" });
    const all = [...ids, other].sort((left, right) => (left < right ? -1 : 1));
    const serverIds = async (query: string) =>
      (await admin.get(`/admin/v1/instances${query}`).expect(200)).body.items.map(
        ({ serverId }: { serverId: string }) => serverId,
      );
    expect(await serverIds("")).toEqual(all);
    expect(await serverIds("?service=Other")).toEqual([other]);
    expect(await serverIds("?service=Nope")).toEqual([]);
    expect(await serverIds(`?limit=2&after=${all[0]}`)).toEqual(all.slice(1));
  });

  test("the current revision of every service", async () => {
    const { admin, register } = await startControlPlane();
    await register(registration([assetService(), assetService({ ServiceName: "Other" })]));
    const answer = await admin.get("/admin/v1/revisions").expect(200);
    expect(answer.body.items).toMatchObject([
      { service: "AssetManagement", revision: 1 },
      { service: "Other", revision: 1 },
    ]);
    const page = await admin.get("/admin/v1/revisions?limit=1").expect(200);
    expect(page.body).toMatchObject({ items: [{ service: "AssetManagement" }], next: "AssetManagement" });
  });

  test("revisions of a service, without its IDL", async () => {
    const { admin, api, register } = await startControlPlane();
    const apikey = await register();
    await api
      .put("/update?ownerid=ann")
      .set({ apikey })
      .send(registration([assetService({ Version: "2" })]))
      .expect(200);
    const answer = await admin.get("/admin/v1/revisions?service=AssetManagement").expect(200);
    expect(answer.body.items).toMatchObject([
      { service: "AssetManagement", ownerId: "ann", revision: 1, createdAt: "2026-01-01T00:00:00.000Z", author: "owner" },
      { revision: 2, version: "2", idlFiles: [{ name: "AssetManagement.thrift", bytes: expect.any(Number) }] },
    ]);
    expect(answer.text).not.toContain("struct");
    const page = await admin.get("/admin/v1/revisions?service=AssetManagement&limit=1").expect(200);
    expect(page.body).toMatchObject({ items: [{ revision: 1 }], next: "1" });
    const rest = await admin.get("/admin/v1/revisions?service=AssetManagement&limit=1&after=1").expect(200);
    expect(rest.body).toEqual({ items: [expect.objectContaining({ revision: 2 })] });
  });

  test.each([
    ["/admin/v1/services?limit=-1", "/limit"],
    ["/admin/v1/services?limit=0", "/limit"],
    ["/admin/v1/services?limit=1e9", "/limit"],
    ["/admin/v1/services?limit=1001", "/limit"],
    ["/admin/v1/services?limit=abc", "/limit"],
    ["/admin/v1/services?limit=", "/limit"],
    ["/admin/v1/services?limit=1&limit=2", "/limit"],
    ["/admin/v1/services?sort=$where", "/sort"],
    ["/admin/v1/services?filter={%22$ne%22:1}", "/filter"],
    ["/admin/v1/services/AssetManagement?x=1", "/x"],
    ["/admin/v1/instances?limit[$gt]=1", "/limit[$gt]"],
    ["/admin/v1/revisions?limit=0", "/limit"],
    ["/admin/v1/revisions?service=A&after=x", "/after"],
  ])("%s", async (path, pointer) => {
    const { admin } = await startControlPlane();
    const answer = await admin.get(path).expect(400);
    expect(answer.body).toMatchObject({ code: "INVALID_FIELD", pointer });
  });

  test.each([
    ["/admin/v1/services/Nope", "SERVICE_NOT_FOUND"],
    ["/admin/v1/services/__proto__", "SERVICE_NOT_FOUND"],
    ["/admin/v1/revisions?service=Nope", "SERVICE_NOT_FOUND"],
    ["/admin/v1/nope", "NOT_FOUND"],
    ["/admin", "NOT_FOUND"],
    ["/metrics", "NOT_FOUND"],
  ])("%s is not there", async (path, code) => {
    const { admin } = await startControlPlane();
    expect((await admin.get(path).expect(404)).body.code).toBe(code);
  });

  test.each(["post", "put", "delete", "patch"] as const)("nothing can be changed: %s", async (method) => {
    const { admin } = await startControlPlane();
    for (const path of [
      "/live",
      "/ready",
      "/metrics",
      "/admin/v1/services",
      "/admin/v1/services/A",
      "/admin/v1/instances",
      "/admin/v1/revisions",
    ]) {
      const answer = await admin[method](path).expect(405);
      expect(answer.headers.allow).toBe("GET, HEAD");
    }
  });
});

describe("who may look", () => {
  test("with a key set: who has it; probes have none", async () => {
    const { admin } = await startControlPlane({ config: remote });
    const wrong = [undefined, "Bearer x", `Basic ${adminKey}`, adminKey, `Bearer ${adminKey}x`];
    for (const path of ["/metrics", "/admin/v1/services", "/admin/v1/nope"]) {
      for (const authorization of wrong) {
        const answer = await admin.get(path).set(authorization === undefined ? {} : { authorization });
        expect(answer.status).toBe(401);
        expect(answer.headers["www-authenticate"]).toMatch(/^Bearer/);
      }
    }
    await admin
      .get("/admin/v1/services")
      .set({ authorization: `bearer ${adminKey}` })
      .expect(200);
    await admin.get("/live").expect(200);
    await admin.get("/ready").expect(200);
  });

  test.each(["localhost:4201", "127.0.0.1", "127.0.0.1:4201", "[::1]:4201", "LOCALHOST"])(
    "on loopback, by the name %s",
    async (host) => {
      const { admin } = await startControlPlane();
      await admin.get("/admin/v1/services").set({ host }).expect(200);
    },
  );

  test.each([
    ["a name that was rebound to loopback", { host: "evil.example:4201" }],
    ["another address", { host: "10.0.0.1:4201" }],
    ["a name that begins like loopback", { host: "127.0.0.1.evil.example" }],
    ["another site's page", { "sec-fetch-site": "cross-site" }],
    ["a sibling site's page", { "sec-fetch-site": "same-site" }],
    ["another origin", { origin: "https://evil.example" }],
    ["no origin at all", { origin: "null" }],
  ])("on loopback, not by %s", async (_name, headers) => {
    const { admin } = await startControlPlane();
    for (const path of ["/live", "/metrics", "/admin/v1/services"]) {
      const answer = await admin
        .get(path)
        .set(headers as Record<string, string>)
        .expect(403);
      expect(answer.body.code).toBe("FORBIDDEN");
    }
  });

  test("a browser's own page, and one typed by hand", async () => {
    const { admin } = await startControlPlane();
    for (const site of ["same-origin", "none"]) {
      await admin.get("/admin/v1/services").set({ "sec-fetch-site": site, origin: "http://localhost:4201" }).expect(200);
    }
  });

  test("elsewhere, by any name", async () => {
    const { admin } = await startControlPlane({ config: remote });
    await admin.get("/live").set({ host: "gateway.internal" }).expect(200);
  });
});
