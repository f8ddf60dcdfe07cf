import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ASSET_IDL,
  assetService,
  listenOn,
  openControlPlane,
  registration,
  startControlPlane,
  type TestControlPlane,
} from "../../../../support/control-plane.ts";

describe("what /register accepts", () => {
  test("an owner with a service: the key, and the service is served at once", async () => {
    const { api, snapshot } = await startControlPlane();
    const answer = await api.post("/register").send(registration()).expect(200);
    expect(Object.keys(answer.body)).toEqual(["API-Key", "Message"]);
    expect(answer.body["API-Key"]).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(answer.body.Message).toMatch(/^Registered successfully\. /);
    expect(answer.headers.etag).toBe('"1"');
    const entry = snapshot.entry("AssetManagement");
    expect(entry).toMatchObject({ name: "AssetManagement", revision: 1, instances: [] });
    expect([...entry!.routes.keys()]).toEqual(["getAsset"]);
  });

  test("the original's body with every field it documents, in any letter case", async () => {
    const { api, snapshot } = await startControlPlane();
    const service = {
      serviceid: "1",
      SERVICENAME: "AssetManagement",
      idlContent: ASSET_IDL,
      Version: "1.0",
      ServiceDescription: "assets\nof all kinds",
      ServerCount: 2,
      Paths: [{ exposedMethod: "insertAsset", methodPath: "newAsset" }],
      RegisteredServers: [{ ServerUrl: "http://localhost:8000", Port: 8000 }],
    };
    await api
      .post("/register")
      .send([{ ownername: "Ann", OwnerID: "ann", ApiKey: "ignored", services: [service] }])
      .expect(200);
    expect([...snapshot.entry("AssetManagement")!.routes.keys()]).toEqual(["newAsset"]);
  });

  test.each([
    ["absent", undefined],
    ["null", null],
    ["empty", []],
  ])("an owner without services: %s", async (_name, services) => {
    const { api } = await startControlPlane();
    await api
      .post("/register")
      .send([{ OwnerName: "Ann", OwnerId: "ann", Services: services }])
      .expect(200);
  });

  test.each([
    ["no type", undefined],
    ["JSON", "application/json"],
    ["JSON with a charset", 'application/json; charset="UTF-8"'],
    ["a suffix", "application/vnd.owner+json"],
  ])("a body of %s", async (_name, type) => {
    const { controlPlane } = await startControlPlane();
    const { url, stop } = await listenOn(controlPlane.router, "/register");
    const body = Buffer.from(JSON.stringify(registration()));
    const answer = await fetch(url, { method: "POST", body, headers: type ? { "content-type": type } : {} });
    await stop();
    expect(answer.status).toBe(200);
  });

  test.each([
    ["of its own name", "AssetManagement", ["queryAsset"]],
    ["of another name: the last one", "Renamed", ["other"]],
  ])("an IDL of several services, with one %s", async (_name, ServiceName, [ExposedMethod]) => {
    const { api } = await startControlPlane();
    const IdlContent = `${ASSET_IDL}\nservice Other { void other() }`;
    const Paths = [{ MethodPath: "p", ExposedMethod }];
    await api
      .post("/register")
      .send(registration([{ ServiceName, IdlContent, Paths }]))
      .expect(200);
  });

  const included = "struct Shared { 1: string a }";
  const including = 'include "shared.thrift"\nservice S { shared.Shared get() }';
  test.each([
    ["the one named like the service", { "S.thrift": including, "shared.thrift": included, "unused.thrift": included }],
    ["the only one that no other includes", { "main.thrift": including, "shared.thrift": included }],
    ["the only one", { "any.thrift": "service S { i32 get() }" }],
  ])("IDL files, of which the main one is %s", async (_name, IdlFiles) => {
    const { api } = await startControlPlane();
    const Paths = [{ MethodPath: "p", ExposedMethod: "get" }];
    await api
      .post("/register")
      .send(registration([{ ServiceName: "S", IdlFiles, Paths }]))
      .expect(200);
  });

  test("the same path name for two owners: each keeps its own method", async () => {
    const { register, snapshot } = await startControlPlane();
    const Paths = (ExposedMethod: string) => [{ MethodPath: "p", ExposedMethod }];
    await register(registration([assetService({ ServiceName: "A", Paths: Paths("queryAsset") })]));
    await register(registration([assetService({ ServiceName: "B", Paths: Paths("insertAsset") })], { OwnerId: "bob" }));
    expect(snapshot.entry("A")?.routes.get("p")).toBeDefined();
    expect(snapshot.entry("B")?.routes.get("p")).not.toBe(snapshot.entry("A")?.routes.get("p"));
  });

  test("names that are special in JavaScript", async () => {
    const { register, snapshot } = await startControlPlane();
    const IdlContent = "service S { i32 toString(), i32 constructor() }";
    const Paths = [
      { MethodPath: "__proto__", ExposedMethod: "toString" },
      { MethodPath: "constructor", ExposedMethod: "constructor" },
    ];
    await register(registration([{ ServiceName: "__proto__", IdlContent, Paths }], { OwnerId: "__proto__" }));
    expect([...snapshot.entry("__proto__")!.routes.keys()]).toEqual(["__proto__", "constructor"]);
  });

  test("a hundred services, one after the other", async () => {
    const { register, snapshot } = await startControlPlane();
    for (let index = 0; index < 100; index += 1) {
      await register(registration([assetService({ ServiceName: `S${index}` })], { OwnerId: `owner ${index}` }));
    }
    expect([...snapshot.names()]).toHaveLength(100);
  });
});

const refusals: Record<string, [body: unknown, status: number, code: string, pointer: string, detail?: RegExp]> = {
  "an object": [{}, 400, "INVALID_BODY", ""],
  text: ['"x"', 400, "INVALID_BODY", ""],
  "a number": ["5", 400, "INVALID_BODY", ""],
  "no body": ["", 400, "INVALID_BODY", ""],
  "an empty array": [[], 400, "INVALID_BODY", ""],
  "an array of an array": [[[]], 400, "INVALID_BODY", "/0"],
  "an array of null": [[null], 400, "INVALID_BODY", "/0"],
  "several owners": [[...registration(), ...registration()], 400, "INVALID_BODY", "/1"],
  "no JSON": ["[{", 400, "INVALID_JSON", ""],
  "two values": ["[] []", 400, "INVALID_JSON", ""],
  "a key twice": ['[{"OwnerId":"a","OwnerId":"b"}]', 400, "DUPLICATE_KEY", "/0/OwnerId"],
  "a key twice, but for its case": [registration([], { ownerid: "x" }), 400, "DUPLICATE_KEY", "/0/ownerid"],
  "a deep body": [`${"[".repeat(65)}${"]".repeat(65)}`, 400, "JSON_TOO_DEEP", "/0".repeat(64)],
  "no OwnerId": [[{ OwnerName: "Ann" }], 400, "INVALID_FIELD", "/0/OwnerId", /OwnerId is missing or blank/],
  "a blank OwnerId": [registration([], { OwnerId: " \u3000 " }), 400, "INVALID_FIELD", "/0/OwnerId"],
  "a null OwnerName": [registration([], { OwnerName: null }), 400, "INVALID_FIELD", "/0/OwnerName"],
  "an OwnerId that is no text": [registration([], { OwnerId: 7 }), 400, "INVALID_FIELD", "/0/OwnerId", /must be text/],
  "a long OwnerId": [registration([], { OwnerId: "x".repeat(129) }), 400, "INVALID_FIELD", "/0/OwnerId", /128/],
  "an OwnerId with a line break": [registration([], { OwnerId: "a\nb" }), 400, "INVALID_FIELD", "/0/OwnerId"],
  "an OwnerId with a NUL": [registration([], { OwnerId: "a\0" }), 400, "INVALID_FIELD", "/0/OwnerId"],
  "an unknown field": [registration([], { role: "admin" }), 400, "INVALID_FIELD", "/0/role", /"role"/],
  "an operator": [registration([], { $where: "1" }), 400, "INVALID_FIELD", "/0/$where"],
  "an own __proto__": ['[{"OwnerId":"a","OwnerName":"b","__proto__":{"x":1}}]', 400, "INVALID_FIELD", "/0/__proto__"],
  "Services that are no array": [registration("x" as never), 400, "INVALID_FIELD", "/0/Services"],
  "a service that is no object": [registration([null]), 400, "INVALID_BODY", "/0/Services/0"],
  "a service without a name": [registration([{ IdlContent: "" }]), 400, "INVALID_FIELD", "/0/Services/0/ServiceName"],
  "a service twice": [registration([assetService(), assetService()]), 400, "INVALID_FIELD", "/0/Services/1/ServiceName"],
  "too many services": [
    registration(Array.from({ length: 101 }, (_, index) => assetService({ ServiceName: `S${index}` }))),
    400,
    "LIMIT_EXCEEDED",
    "/0/Services",
  ],
  "neither IdlContent nor IdlFiles": [registration([{ ServiceName: "S" }]), 400, "INVALID_FIELD", "/0/Services/0/IdlContent"],
  "both IdlContent and IdlFiles": [
    registration([assetService({ IdlFiles: { "a.thrift": "" } })]),
    400,
    "INVALID_FIELD",
    "/0/Services/0/IdlFiles",
  ],
  "IdlContent that is no text": [
    registration([assetService({ IdlContent: 5 })]),
    400,
    "INVALID_FIELD",
    "/0/Services/0/IdlContent",
  ],
  "IdlFiles that are no object": [
    registration([{ ServiceName: "S", IdlFiles: [] }]),
    400,
    "INVALID_FIELD",
    "/0/Services/0/IdlFiles",
  ],
  "no IDL file": [registration([{ ServiceName: "S", IdlFiles: {} }]), 400, "INVALID_FIELD", "/0/Services/0/IdlFiles"],
  "an IDL file that is no text": [
    registration([{ ServiceName: "S", IdlFiles: { "a/b~.thrift": 1 } }]),
    400,
    "INVALID_FIELD",
    "/0/Services/0/IdlFiles/a~1b~0.thrift",
  ],
  "IDL files without a main one": [
    registration([{ ServiceName: "S", IdlFiles: { "a.thrift": "", "b.thrift": "" } }]),
    400,
    "INVALID_FIELD",
    "/0/Services/0/IdlFiles",
    /S\.thrift/,
  ],
  "a ServerCount below zero": [
    registration([assetService({ ServerCount: -1 })]),
    400,
    "INVALID_FIELD",
    "/0/Services/0/ServerCount",
  ],
  "a path without its method": [
    registration([assetService({ Paths: [{ MethodPath: "p" }] })]),
    400,
    "INVALID_FIELD",
    "/0/Services/0/Paths/0/ExposedMethod",
  ],
  "an unreadable ServerUrl": [
    registration([assetService({ RegisteredServers: [{ ServerUrl: "http://a b" }] })]),
    400,
    "INVALID_FIELD",
    "/0/Services/0/RegisteredServers/0/ServerUrl",
  ],
  "too many registered servers": [
    registration([assetService({ RegisteredServers: Array(1_001).fill({ ServerUrl: "a" }) })]),
    400,
    "LIMIT_EXCEEDED",
    "/0/Services/0/RegisteredServers",
  ],
  "too many paths": [
    registration([assetService({ Paths: Array(501).fill({ MethodPath: "p", ExposedMethod: "queryAsset" }) })]),
    400,
    "LIMIT_EXCEEDED",
    "/0/Services/0/Paths",
  ],
  "a path twice": [
    registration([assetService({ Paths: Array(2).fill({ MethodPath: "p", ExposedMethod: "queryAsset" }) })]),
    422,
    "INVALID_ROUTE",
    "/0/Services/0/Paths/1/MethodPath",
  ],
  "blank IDL": [registration([assetService({ IdlContent: " \n" })]), 422, "IDL_NO_SERVICE", "/0/Services/0/IdlContent"],
  "IDL of comments": [
    registration([assetService({ IdlContent: "// x\n/* y */" })]),
    422,
    "IDL_NO_SERVICE",
    "/0/Services/0/IdlContent",
  ],
  "broken IDL": [registration([assetService({ IdlContent: "struct {" })]), 422, "IDL_SYNTAX", "/0/Services/0/IdlContent"],
  "an include of a file that is not there": [
    registration([{ ServiceName: "S", IdlFiles: { "S.thrift": 'include "../../../../etc/passwd"\nservice S {}' } }]),
    422,
    "IDL_INCLUDE",
    "/0/Services/0/IdlFiles/S.thrift",
  ],
};

describe("what /register refuses", () => {
  let shared: TestControlPlane;
  beforeAll(async () => {
    shared = await openControlPlane();
  });
  afterAll(async () => {
    await shared.register();
    await shared.close();
  });

  test.each(Object.entries(refusals))("%s", async (_name, [body, status, code, pointer, detail]) => {
    const { api, snapshot } = shared;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const answer = await api.post("/register").type("application/json").send(text);
    expect(answer.type).toBe("application/problem+json");
    expect(answer.body).toMatchObject({ status, code, pointer, requestId: expect.any(String) });
    expect(answer.status).toBe(status);
    if (detail) expect(answer.body.detail).toMatch(detail);
    expect([...snapshot.names()]).toEqual([]);
  });

  test.each([
    "ping",
    "Register",
    "UPDATE",
    "connect",
    "disconnect",
    "health",
    "admin",
    "metrics",
    "live",
    "ready",
    "registryproxy",
  ])("the reserved name %s", async (ServiceName) => {
    const { api } = shared;
    const answer = await api
      .post("/register")
      .send(registration([assetService({ ServiceName })]))
      .expect(409);
    expect(answer.body).toMatchObject({ code: "RESERVED_NAME", pointer: "/0/Services/0/ServiceName" });
  });

  test("but a registry proxy, which the original asks to register, is left out", async () => {
    const { api, snapshot } = await startControlPlane();
    const body = registration([assetService({ ServiceName: "RegistryProxy", IdlContent: "" }), assetService()]);
    const answer = await api.post("/register").send(body).expect(200);
    expect(answer.body.Message).toMatch(/RegistryProxy was left out/);
    expect([...snapshot.names()]).toEqual(["AssetManagement"]);
    const apikey = answer.body["API-Key"];
    const refused = await api.put("/update?ownerid=ann").set({ apikey }).send(body).expect(409);
    expect(refused.body).toMatchObject({ code: "RESERVED_NAME", pointer: "/0/Services/0/ServiceName" });
  });

  test.each(["a/b", "a b", "ä", "..", ".", "-a", "a%2fb", "a?b", "x".repeat(129)])("the service name %j", async (ServiceName) => {
    const { api } = shared;
    const answer = await api
      .post("/register")
      .send(registration([assetService({ ServiceName })]))
      .expect(400);
    expect(answer.body).toMatchObject({ code: "INVALID_FIELD", pointer: "/0/Services/0/ServiceName" });
  });

  test.each(["a/b", "/a", "", "..", ".", "a b", "é", "a?b", "a#b", "%41"])("the path %j", async (MethodPath) => {
    const { api } = shared;
    const Paths = [{ MethodPath, ExposedMethod: "queryAsset" }];
    const answer = await api
      .post("/register")
      .send(registration([assetService({ Paths })]))
      .expect(400);
    expect(answer.body).toMatchObject({ code: "INVALID_FIELD", pointer: "/0/Services/0/Paths/0/MethodPath" });
  });

  test("the nearest name is told for an unknown field", async () => {
    const { api } = await startControlPlane();
    const answer = await api
      .post("/register")
      .send(registration([assetService({ IdlContents: "" })]))
      .expect(400);
    expect(answer.body.suggestions).toEqual(["IdlContent"]);
  });

  test.each([
    ["an HTTP verb", { ExposedMethod: "get", MethodPath: "getAsset" }, /swapped/, undefined],
    ["the two swapped", { ExposedMethod: "getAsset", MethodPath: "queryAsset" }, /swapped/, undefined],
    ["a misspelt one", { ExposedMethod: "queryAset", MethodPath: "getAsset" }, /Did you mean queryAsset/, ["queryAsset"]],
  ])("a path bound to a method that the IDL lacks: %s", async (_name, path, detail, suggestions) => {
    const { api } = await startControlPlane();
    const IdlContent = `/* service AssetManagement */ # service AssetManagement\n${ASSET_IDL}`;
    const Paths = [{ ExposedMethod: "insertAsset", MethodPath: "newAsset" }, path];
    const answer = await api
      .post("/register")
      .send(registration([assetService({ IdlContent, Paths })]))
      .expect(422);
    expect(answer.body).toMatchObject({
      code: "INVALID_ROUTE",
      pointer: "/0/Services/0/Paths/1/ExposedMethod",
      service: "AssetManagement",
      line: 5,
      column: 1,
      ...(suggestions && { suggestions }),
    });
    expect(answer.body.detail).toMatch(detail);
  });

  test("a method named like an HTTP verb is a method", async () => {
    const { register } = await startControlPlane();
    const Paths = [
      { ExposedMethod: "delete_", MethodPath: "p" },
      { ExposedMethod: "get", MethodPath: "q" },
    ];
    await register(registration([{ ServiceName: "S", IdlContent: "service S { i32 get(), i32 delete_() }", Paths }]));
  });

  test("faults of IDL come with their places and excerpts, twenty at most", async () => {
    const { api } = await startControlPlane();
    const fields = Array.from({ length: 30 }, (_, index) => `  ${index + 1}: Missing${index} f${index}`).join("\n");
    const IdlContent = `struct S {\n${fields}\n}\nservice X {}`;
    const answer = await api
      .post("/register")
      .send(registration([assetService({ IdlContent })]))
      .expect(422);
    expect(answer.body).toMatchObject({ code: "IDL_SEMANTIC", line: 2, column: 6, service: "AssetManagement" });
    expect(answer.body.faults).toHaveLength(20);
    expect(answer.body.faults[1]).toMatchObject({ line: 3, excerpt: expect.stringContaining("Missing1") });
  });

  test("a fault in an included file has that file's pointer", async () => {
    const { api } = await startControlPlane();
    const IdlFiles = { "S.thrift": 'include "b/c.thrift"\nservice S { c.T get() }', "b/c.thrift": "struct T {\n  1: Nope x }" };
    const answer = await api
      .post("/register")
      .send(registration([{ ServiceName: "S", IdlFiles }]))
      .expect(422);
    expect(answer.body).toMatchObject({ code: "IDL_SEMANTIC", line: 2, pointer: "/0/Services/0/IdlFiles/b~1c.thrift" });
  });

  test("several services of which one is bad: none is stored", async () => {
    const { api, snapshot } = await startControlPlane();
    const bad = assetService({ ServiceName: "Bad", IdlContent: "struct S { 1: Missing x } service Bad {}" });
    const answer = await api
      .post("/register")
      .send(registration([assetService(), bad]))
      .expect(422);
    expect(answer.body).toMatchObject({ code: "IDL_SEMANTIC", pointer: "/0/Services/1/IdlContent" });
    expect([...snapshot.names()]).toEqual([]);
    await api.post("/register").send(registration()).expect(200);
  });

  test("an owner who exists already", async () => {
    const { api, register } = await startControlPlane();
    await register(registration([]));
    const answer = await api.post("/register").send(registration()).expect(409);
    expect(answer.body).toMatchObject({ code: "CONFLICT", pointer: "/0/OwnerId" });
  });

  test("a service name that another owner has", async () => {
    const { api, register, snapshot } = await startControlPlane();
    await register();
    const before = snapshot.entry("AssetManagement");
    const services = [assetService({ ServiceName: "Mine" }), assetService()];
    const answer = await api
      .post("/register")
      .send(registration(services, { OwnerId: "bob" }))
      .expect(409);
    expect(answer.body).toMatchObject({ code: "CONFLICT", pointer: "/0/Services/1/ServiceName", service: "AssetManagement" });
    expect(snapshot.entry("AssetManagement")).toBe(before);
    expect(snapshot.entry("Mine")).toBeUndefined();
  });

  test("twenty at once for one name: one gets it", async () => {
    const { controlPlane, snapshot } = await startControlPlane();
    const { url, stop } = await listenOn(controlPlane.router, "/register");
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        fetch(url, {
          method: "POST",
          body: Buffer.from(JSON.stringify(registration([assetService()], { OwnerId: `o${index}` }))),
        }),
      ),
    );
    await stop();
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
    expect(snapshot.entry("AssetManagement")?.revision).toBe(1);
  });

  test("IDL over its bound, in one file or several", async () => {
    const { api } = await startControlPlane();
    const half = `// ${"ä".repeat(300_000)}`;
    for (const idl of [{ IdlContent: half + half }, { IdlFiles: { "a.thrift": half, "b.thrift": half } }]) {
      const answer = await api
        .post("/register")
        .send(registration([{ ServiceName: "S", ...idl }]))
        .expect(413);
      expect(answer.body).toMatchObject({ code: "IDL_TOO_LARGE", service: "S" });
    }
  });

  test.each([
    ["a little", 5],
    ["a lot", 12],
  ])("a body over its bound by %s", async (_name, mebibytes) => {
    const { controlPlane } = await startControlPlane();
    const { url, stop } = await listenOn(controlPlane.router, "/register");
    const answer = await fetch(url, { method: "POST", body: new Blob([Buffer.alloc(mebibytes * 1024 * 1024, " ")]) });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    await stop();
  });

  test.each([
    ["a form, as curl -d sends it", { "content-type": "application/x-www-form-urlencoded" }, /--json/],
    ["plain text", { "content-type": "text/plain" }, /application\/json/],
    ["another charset", { "content-type": "application/json; charset=utf-16" }, /UTF-8/],
    ["a compressed one", { "content-type": "application/json", "content-encoding": "gzip" }, /compressed/],
  ])("a body of %s", async (_name, headers, detail) => {
    const { api } = await startControlPlane();
    const answer = await api.post("/register").set(headers).send(JSON.stringify(registration())).expect(415);
    expect(answer.body.code).toBe("UNSUPPORTED_MEDIA_TYPE");
    expect(answer.body.detail).toMatch(detail);
  });

  test.each([
    ["invalid UTF-8", Buffer.concat([Buffer.from('[{"OwnerId":"'), Buffer.from([0xff]), Buffer.from('"}]')]), "INVALID_UTF8"],
    ["a BOM", Buffer.from("\uFEFF[]"), "INVALID_JSON"],
  ])("%s", async (_name, bytes, code) => {
    const { api } = await startControlPlane();
    const answer = await api
      .post("/register")
      .type("application/json")
      .serialize(() => bytes as never)
      .send({})
      .expect(400);
    expect(answer.body.code).toBe(code);
  });
});

describe("who may register", () => {
  const token = "a-registration-token";
  const config = { registration: "token", registrationToken: token } as const;

  test.each([
    ["a bearer token", { authorization: `Bearer ${token}` }],
    ["its own header", { "x-registration-token": token }],
  ])("with %s", async (_name, headers) => {
    const { api } = await startControlPlane({ config });
    await api.post("/register").set(headers).send(registration()).expect(200);
  });

  test.each([
    ["none", {}],
    ["a wrong one", { "x-registration-token": "another-token-here" }],
    ["another scheme", { authorization: `Basic ${token}` }],
  ])("not with %s", async (_name, headers) => {
    const { api } = await startControlPlane({ config });
    const answer = await api
      .post("/register")
      .set(headers as Record<string, string>)
      .send(registration())
      .expect(401);
    expect(answer.body.code).toBe("UNAUTHENTICATED");
    expect(answer.headers["www-authenticate"]).toMatch(/^Bearer/);
  });

  test("so often a minute from one address, and then again", async () => {
    const { api, clock } = await startControlPlane({ config: { limits: { registrationsPerMinute: 3 } } });
    for (let count = 0; count < 3; count += 1) await api.post("/register").send([]).expect(400);
    const answer = await api.post("/register").send(registration()).expect(429);
    expect(answer.body.code).toBe("RATE_LIMITED");
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    await clock.advance(2 * 60_000);
    await api.post("/register").send(registration()).expect(200);
  });
});

test("/register answers POST alone", async () => {
  const { api } = await startControlPlane();
  const answer = await api.get("/register").expect(405);
  expect(answer.headers.allow).toBe("POST");
  expect(answer.body.code).toBe("METHOD_NOT_ALLOWED");
});

test("/ping", async () => {
  const { api } = await startControlPlane();
  const answer = await api.get("/ping").set("x-request-id", "my-id").expect(200);
  expect(answer.text).toBe('{"message":"pong"}');
  expect(answer.headers["x-request-id"]).toBe("my-id");
  await api.head("/ping").expect(200);
  await api.post("/ping").expect(405);
});

test("the audit line says who did what; no key is in any line", async () => {
  const { api, log } = await startControlPlane();
  const { body } = await api.post("/register").send(registration()).expect(200);
  const line = log.map((text) => JSON.parse(text)).find(({ action }) => action === "register");
  expect(line).toMatchObject({ audit: true, ownerId: "ann", version: 1, services: [{ name: "AssetManagement", revision: 1 }] });
  expect(log.join()).not.toContain(body["API-Key"]);
  expect(log.join()).not.toContain("struct Query");
});
