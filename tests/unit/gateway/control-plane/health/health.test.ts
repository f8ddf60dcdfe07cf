import { describe, expect, test } from "vitest";
import { assetService, MASTER_KEY, registration, startControlPlane } from "../../../../support/control-plane.ts";

async function joined() {
  const started = await startControlPlane();
  const ApiKey = await started.register();
  const ServerID = await started.connect(ApiKey);
  const health = () => started.snapshot.entry("AssetManagement")!.instances.map((instance) => instance.health);
  return { ...started, ApiKey, ServerID, health };
}

describe("/health", () => {
  test("keeps an instance passing", async () => {
    const { api, ApiKey, clock, health, ServerID } = await joined();
    for (let beats = 0; beats < 3; beats += 1) {
      await clock.advance(40_000);
      const answer = await api.post("/health").send({ ApiKey, ServerID }).expect(200);
      expect(answer.text).toBe('{"Status":"ok","Message":"Successfully updated server health."}');
    }
    expect(health()).toEqual(["passing"]);
  });

  test("without it: critical, then removed; with it back from both, also by the master key and upper case", async () => {
    const { api, ApiKey, clock, health, ServerID } = await joined();
    await clock.advance(46_000);
    expect(health()).toEqual(["critical"]);
    await api.post("/health").send({ ApiKey, ServerID }).expect(200);
    expect(health()).toEqual(["passing"]);
    await clock.advance(200_000);
    expect(health()).toEqual([]);
    await api.post("/health").send({ ApiKey: MASTER_KEY, ServerID: ServerID.toUpperCase() }).expect(200);
    expect(health()).toEqual(["passing"]);
  });

  test("a flood of one server's beats is refused, others' are not", async () => {
    const { api, ApiKey, connect, ServerID } = await joined();
    const other = await connect(ApiKey, { ServerPort: "8001" });
    let last = 200;
    for (let count = 0; count < 100 && last === 200; count += 1) {
      last = (await api.post("/health").send({ ApiKey, ServerID })).status;
    }
    expect(last).toBe(429);
    await api.post("/health").send({ ApiKey, ServerID: other }).expect(200);
  });
});

describe("/disconnect", () => {
  test("takes the instance out at once; its beats are unknown then, until it connects again", async () => {
    const { api, ApiKey, connect, health, log, ServerID } = await joined();
    const answer = await api.post("/disconnect").send({ ApiKey, ServerID }).expect(200);
    expect(answer.body).toEqual({ Status: "ok", Message: expect.any(String) });
    expect(health()).toEqual([]);
    expect((await api.post("/health").send({ ApiKey, ServerID }).expect(404)).body.code).toBe("UNKNOWN_SERVER");
    await api.post("/disconnect").send({ ApiKey, ServerID }).expect(404);
    expect(log.map((line) => JSON.parse(line)).some(({ action }) => action === "disconnect")).toBe(true);
    expect(await connect(ApiKey)).toBe(ServerID);
    expect(health()).toEqual(["passing"]);
  });
});

describe.each(["/health", "/disconnect"])("%s refuses", (path) => {
  test("what is no ServerID", async () => {
    const { api, ApiKey, health } = await joined();
    const ids = ["__proto__", "../x", "service:consul", "x".repeat(10_000), "", "6b1f7c1a3f6e4d0c9a557d0f1c2e8b64", 5, null];
    for (const ServerID of ids) {
      const answer = await api.post(path).send({ ApiKey, ServerID }).expect(400);
      expect(answer.body).toMatchObject({ code: "INVALID_FIELD", pointer: "/ServerID" });
    }
    expect(health()).toEqual(["passing"]);
  });

  test("unknown servers, wrong keys and other owners", async () => {
    const { api, ApiKey, health, register, ServerID } = await joined();
    const other = await register(registration([assetService({ ServiceName: "Other" })], { OwnerId: "bob" }));
    const unknown = "00000000-0000-5000-8000-000000000000";
    const table: [ApiKey: unknown, ServerID: string, status: number, code: string][] = [
      [ApiKey, unknown, 404, "UNKNOWN_SERVER"],
      [MASTER_KEY, unknown, 404, "UNKNOWN_SERVER"],
      ["wrong", ServerID, 401, "UNAUTHENTICATED"],
      ["wrong", unknown, 401, "UNAUTHENTICATED"],
      [undefined, ServerID, 401, "UNAUTHENTICATED"],
      [other, ServerID, 403, "FORBIDDEN"],
      [5, ServerID, 400, "INVALID_FIELD"],
    ];
    for (const [key, id, status, code] of table) {
      const answer = await api.post(path).send({ ApiKey: key, ServerID: id });
      expect(answer.body).toMatchObject({ status, code });
      expect(answer.body).not.toHaveProperty("Status");
    }
    expect(health()).toEqual(["passing"]);
  });

  test("other methods and other bodies", async () => {
    const { api } = await startControlPlane();
    expect((await api.get(path).expect(405)).headers.allow).toBe("POST");
    expect((await api.post(path).send([]).expect(400)).body.code).toBe("INVALID_BODY");
    expect((await api.post(path).send({ ServerIDs: 1 }).expect(400)).body.suggestions).toEqual(["ServerID"]);
  });
});
