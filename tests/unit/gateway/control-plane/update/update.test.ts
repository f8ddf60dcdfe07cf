import { describe, expect, test } from "vitest";
import {
  ASSET_IDL,
  assetService,
  connection,
  listenOn,
  MASTER_KEY,
  registration,
  startControlPlane,
} from "../../../../support/control-plane.ts";

const insert = assetService({ Paths: [{ ExposedMethod: "insertAsset", MethodPath: "newAsset" }] });
const broken = assetService({ IdlContent: "struct {" });

describe("what /update does", () => {
  test("it replaces the whole list: changed, added, left out", async () => {
    const { api, register, snapshot } = await startControlPlane();
    const apikey = await register(registration([assetService(), assetService({ ServiceName: "Gone" })]));
    const services = [insert, assetService({ ServiceName: "New" })];
    const answer = await api.put("/update?ownerid=ann").set({ apikey }).send(registration(services)).expect(200);
    expect(Object.keys(answer.body)).toEqual(["Message"]);
    expect(answer.body.Message).toMatch(/^Updated successfully\. /);
    expect(answer.headers.etag).toBe('"2"');
    expect(snapshot.entry("AssetManagement")).toMatchObject({ revision: 2 });
    expect([...snapshot.entry("AssetManagement")!.routes.keys()]).toEqual(["newAsset"]);
    expect(snapshot.entry("New")?.revision).toBe(1);
    expect(snapshot.entry("Gone")).toBeUndefined();
  });

  test("a service that is the same keeps its revision, and its entry", async () => {
    const { api, register, snapshot } = await startControlPlane();
    const apikey = await register(registration([assetService(), assetService({ ServiceName: "Other" })]));
    const other = snapshot.entry("Other");
    const services = [insert, assetService({ ServiceName: "Other" })];
    await api.put("/update?ownerid=ann").set({ apikey }).send(registration(services)).expect(200);
    expect(snapshot.entry("Other")).toBe(other);
  });

  test("the same list again changes nothing", async () => {
    const { api, register, snapshot } = await startControlPlane();
    const apikey = await register();
    const before = snapshot.revision;
    const answer = await api.put("/update?ownerid=ann").set({ apikey }).send(registration()).expect(200);
    expect(answer.headers.etag).toBe('"1"');
    expect(snapshot.revision).toBe(before);
  });

  test("an empty list removes all; the name is free then, its instances are gone, its revisions go on", async () => {
    const { api, connect, register, snapshot } = await startControlPlane();
    const apikey = await register();
    const ServerID = await connect(apikey);
    await api.put("/update?ownerid=ann").set({ apikey }).send(registration([])).expect(200);
    expect([...snapshot.names()]).toEqual([]);
    await register(registration([assetService()], { OwnerId: "bob" }));
    expect(snapshot.entry("AssetManagement")).toMatchObject({ revision: 2, instances: [] });
    await api.post("/health").send({ ApiKey: apikey, ServerID }).expect(404);
  });

  test("options that it says nothing of stay, but for those of methods that are gone; {} takes all away", async () => {
    const options = { i64: "string", lenient: true, deadlineMs: 100_000 };
    const methods = { queryAsset: { deadlineMs: 7 }, insertAsset: { deadlineMs: 9 } };
    const both = {
      Paths: ["queryAsset", "insertAsset"].map((name) => ({ ExposedMethod: name, MethodPath: name })),
    };
    const { admin, api, register, snapshot } = await startControlPlane();
    const apikey = await register(registration([assetService({ ...both, Options: { ...options, methods } })]));
    const update = (service: Readonly<Record<string, unknown>>) =>
      api
        .put("/update?ownerid=ann")
        .set({ apikey })
        .send(registration([assetService(service)]))
        .expect(200);
    const deadlines = () => {
      const { routes } = snapshot.entry("AssetManagement")!;
      return Object.fromEntries([...routes].map(([path, route]) => [path, route.options.deadlineMs]));
    };
    const isLenient = () => {
      const { codec } = snapshot.entry("AssetManagement")!.routes.get("queryAsset")!;
      return codec.encodeJson(Buffer.from('{"ID":5}')).bytes.length > 0;
    };
    const revision = async () => (await admin.get("/admin/v1/services/AssetManagement")).body.revision;

    await update(both);
    expect(await revision()).toBe(1);
    await update({ ...both, Version: "2" });
    expect(await revision()).toBe(2);
    expect(deadlines()).toEqual({ queryAsset: 7, insertAsset: 9 });
    expect(isLenient()).toBe(true);

    const IdlContent = ASSET_IDL.replace(/.*insertAsset.*\n/, "");
    const query = { Paths: [{ ExposedMethod: "queryAsset", MethodPath: "queryAsset" }] };
    await update({ IdlContent, ...query, Options: null });
    expect(deadlines()).toEqual({ queryAsset: 7 });
    await update(both);
    expect(deadlines()).toEqual({ queryAsset: 7, insertAsset: 100_000 });
    expect(isLenient()).toBe(true);

    await update({ ...both, Options: { deadlineMs: 3_000 } });
    expect(deadlines()).toEqual({ queryAsset: 3_000, insertAsset: 3_000 });
    expect(isLenient).toThrow(expect.objectContaining({ code: "INVALID_TYPE" }));
    await update({ ...both, Options: {} });
    await update({ ...both, Version: "3" });
    expect(deadlines()).toEqual({ queryAsset: 5_000, insertAsset: 5_000 });
  });

  test("OwnerId and OwnerName may be left out", async () => {
    const { api, register } = await startControlPlane();
    const apikey = await register();
    await api
      .put("/update?ownerid=ann")
      .set({ apikey })
      .send([{ Services: [insert] }])
      .expect(200);
  });

  test("the master key may, and the owner's key stays", async () => {
    const { api, log, register } = await startControlPlane();
    const apikey = await register();
    await api
      .put("/update?ownerid=ann")
      .set({ apikey: MASTER_KEY })
      .send(registration([insert]))
      .expect(200);
    expect(log.map((line) => JSON.parse(line)).find(({ action }) => action === "update")).toMatchObject({ author: "master" });
    await api.put("/update?ownerid=ann").set({ apikey }).send(registration()).expect(200);
  });

  test("instances stay with their service", async () => {
    const { api, connect, register, snapshot } = await startControlPlane();
    const apikey = await register();
    const id = await connect(apikey);
    const [instance] = snapshot.entry("AssetManagement")!.instances;
    await api
      .put("/update?ownerid=ann")
      .set({ apikey })
      .send(registration([insert]))
      .expect(200);
    expect(snapshot.entry("AssetManagement")?.instances).toEqual([instance]);
    expect(instance?.id).toBe(id);
  });

  test("the owner ID may be any text", async () => {
    const { api, register } = await startControlPlane();
    const OwnerId = "ann & bob/ä?=";
    const apikey = await register(registration([], { OwnerId }));
    await api.put("/update").query({ ownerid: OwnerId }).set({ apikey }).send(registration(undefined, { OwnerId })).expect(200);
  });
});

describe("what /update refuses", () => {
  test.each([
    ["no key", "ann", {}, 401, "UNAUTHENTICATED"],
    ["a wrong key", "ann", { apikey: "wrong" }, 401, "UNAUTHENTICATED"],
    ["a key beyond ASCII", "ann", { apikey: "schl\u00fcssel" }, 401, "UNAUTHENTICATED"],
    ["a very long key", "ann", { apikey: "x".repeat(4_000) }, 401, "UNAUTHENTICATED"],
    ["an unknown owner", "bob", { apikey: "any" }, 404, "UNKNOWN_OWNER"],
    ["no owner", "", { apikey: "any" }, 400, "INVALID_FIELD"],
  ])("%s", async (_name, ownerId, headers, status, code) => {
    const { api, register } = await startControlPlane();
    await register();
    const answer = await api
      .put(`/update?ownerid=${ownerId}`)
      .set(headers as Record<string, string>)
      .send(registration());
    expect(answer.status).toBe(status);
    expect(answer.body.code).toBe(code);
    if (status === 401) expect(answer.headers["www-authenticate"]).toBeDefined();
  });

  test.each(["", "?ownerid[$ne]=x", "?ownerid=ann&ownerid=ann", "?ownerid=ann&x=1", "?OWNERID=ann", "?ownerid=%20"])(
    "the query %j",
    async (query) => {
      const { api } = await startControlPlane();
      const answer = await api.put(`/update${query}`).set({ apikey: "any" }).send(registration()).expect(400);
      expect(answer.body).toMatchObject({ code: "INVALID_FIELD", pointer: "/ownerid" });
    },
  );

  test("a key in the query: it is refused, and neither echoed nor logged", async () => {
    const { api, log, register } = await startControlPlane();
    const apikey = await register();
    const answer = await api.put(`/update?ownerid=ann&apikey=${apikey}`).send(registration()).expect(400);
    expect(answer.text).not.toContain(apikey);
    expect(log.join()).not.toContain(apikey);
  });

  test.each([
    ["another owner's ID", registration([], { OwnerId: "bob" }), 400, "OWNER_MISMATCH", "/0/OwnerId"],
    ["another name", registration([], { OwnerName: "Bob" }), 400, "INVALID_FIELD", "/0/OwnerName"],
    ["no Services", registration(null as never), 400, "INVALID_FIELD", "/0/Services"],
    ["no owner", [], 400, "INVALID_BODY", ""],
    ["broken IDL", registration([broken]), 422, "IDL_SYNTAX", "/0/Services/0/IdlContent"],
    ["blank IDL", registration([assetService({ IdlContent: "" })]), 422, "IDL_NO_SERVICE", "/0/Services/0/IdlContent"],
  ])("%s; what was there keeps serving", async (_name, body, status, code, pointer) => {
    const { api, register, snapshot } = await startControlPlane();
    const apikey = await register();
    const before = snapshot.entry("AssetManagement");
    const answer = await api.put("/update?ownerid=ann").set({ apikey }).send(body);
    expect(answer.body).toMatchObject({ status, code, pointer });
    expect(snapshot.entry("AssetManagement")).toBe(before);
  });

  test("a service name that another owner has", async () => {
    const { api, register } = await startControlPlane();
    await register(registration([assetService()], { OwnerId: "bob" }));
    const apikey = await register(registration([]));
    const answer = await api.put("/update?ownerid=ann").set({ apikey }).send(registration()).expect(409);
    expect(answer.body).toMatchObject({ code: "CONFLICT", pointer: "/0/Services/0/ServiceName" });
  });

  test("a body, before its key was checked", async () => {
    const { api, register } = await startControlPlane();
    await register();
    await api.put("/update?ownerid=ann").set({ apikey: "wrong" }).type("text/plain").send("x").expect(401);
  });
});

describe("updates at the same time", () => {
  test.each([
    ['"1"', 200],
    ["*", 200],
    ['"7", "1"', 200],
    ['"2"', 412],
    ['W/"1"', 412],
    ["1", 400],
  ])("If-Match: %s", async (ifMatch, status) => {
    const { api, register } = await startControlPlane();
    const apikey = await register();
    const answer = await api
      .put("/update?ownerid=ann")
      .set({ apikey, "if-match": ifMatch })
      .send(registration([insert]));
    expect(answer.status).toBe(status);
    if (status === 412) expect(answer.body.code).toBe("PRECONDITION_FAILED");
  });

  test("fifty: those that win have one order, none is lost, the others are told", async () => {
    const { controlPlane, register, snapshot } = await startControlPlane();
    const apikey = await register();
    const { url, stop } = await listenOn(controlPlane.router, "/update?ownerid=ann");
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        fetch(url, {
          method: "PUT",
          headers: { apikey },
          body: Buffer.from(JSON.stringify(registration([assetService({ Version: String(index) })]))),
        }),
      ),
    );
    await stop();
    const won = answers.filter(({ status }) => status === 200).map(({ headers }) => headers.get("etag"));
    expect(answers.filter(({ status }) => status !== 200 && status !== 409)).toEqual([]);
    expect(new Set(won)).toEqual(new Set(won.map((_, index) => `"${index + 2}"`)));
    expect(snapshot.entry("AssetManagement")?.revision).toBe(won.length + 1);
  });

  test("repeated after each conflict: all fifty come through", async () => {
    const { controlPlane, register, snapshot } = await startControlPlane();
    const apikey = await register();
    const { url, stop } = await listenOn(controlPlane.router, "/update?ownerid=ann");
    const update = async (Version: string): Promise<void> => {
      const body = Buffer.from(JSON.stringify(registration([assetService({ Version })])));
      const { status } = await fetch(url, { method: "PUT", headers: { apikey }, body });
      if (status === 409) return update(Version);
      expect(status).toBe(200);
    };
    await Promise.all(Array.from({ length: 50 }, (_, index) => update(String(index))));
    await stop();
    expect(snapshot.entry("AssetManagement")?.revision).toBe(51);
  });
});

test("IDL may go from text to files and back", async () => {
  const { api, register } = await startControlPlane();
  const apikey = await register();
  const files = assetService({ IdlContent: null, IdlFiles: { "x/AssetManagement.thrift": ASSET_IDL } });
  const answer = await api
    .put("/update?ownerid=ann")
    .set({ apikey })
    .send(registration([files]))
    .expect(200);
  expect(answer.headers.etag).toBe('"2"');
  await api.post("/connect").send(connection(apikey)).expect(200);
});
