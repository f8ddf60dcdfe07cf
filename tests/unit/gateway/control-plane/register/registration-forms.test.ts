import { describe, expect, test } from "vitest";
import { ASSET_IDL, assetService, registration, startControlPlane } from "../../../../support/control-plane.ts";

const json = (...services: readonly object[]) => JSON.stringify(registration(services));
const service = { ServiceName: "S" };
const including = 'include "shared/base.thrift"\nservice S { base.T get() }';

/** A body of these parts; one with a file name is a file. */
function form(...parts: readonly (readonly [name: string, content: string | Buffer, filename?: string])[]) {
  const lines = parts.flatMap(([name, content, filename]) => [
    `--b\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? "" : `; filename="${filename}"`}\r\n\r\n`,
    content,
    "\r\n",
  ]);
  return Buffer.concat([...lines, "--b--\r\n"].map((part) => Buffer.from(part)));
}

const type = "multipart/form-data; boundary=b";

test("includes by the names of their files, then an update", async () => {
  const { api, snapshot } = await startControlPlane();
  const files = [
    ["S", including, "S.thrift"],
    ["S", "struct T { 1: string a }", "shared/base.thrift"],
    ["AssetManagement", ASSET_IDL, "any.thrift"],
  ] as const;
  const services = [service, assetService({ IdlContent: undefined })];
  const answer = await api
    .post("/register")
    .type(type)
    .send(form(...files, ["owner", json(...services)]))
    .expect(200);
  expect([...snapshot.names()]).toEqual(["S", "AssetManagement"]);
  expect([...snapshot.entry("AssetManagement")!.routes.keys()]).toEqual(["getAsset"]);
  await api
    .put("/update?ownerid=ann")
    .set("apikey", answer.body["API-Key"])
    .type(type)
    .send(form(["owner", json(service)], ["S", "service S { void put() }", "S.thrift"]))
    .expect(200);
  expect(snapshot.entry("S")).toMatchObject({ revision: 2, schema: { services: [{ methods: [{ name: "put" }] }] } });
  expect(snapshot.entry("AssetManagement")).toBeUndefined();
});

test("a file named __proto__ is one like any other", async () => {
  const { api, snapshot } = await startControlPlane();
  const body = form(["owner", json(service)], ["S", 'include "__proto__"\nservice S {}', "S.thrift"], ["S", "", "__proto__"]);
  await api.post("/register").type(type).send(body).expect(200);
  expect(snapshot.entry("S")).toBeDefined();
});

describe("refused", () => {
  const file = ["S", "service S {}", "S.thrift"] as const;
  const bad: Record<string, [body: Buffer, status: number, answer: object]> = {
    "a missing include of an include": [
      form(
        ["owner", json(service)],
        ["S", including, "S.thrift"],
        ["S", 'include "gone.thrift"\nstruct T {}', "shared/base.thrift"],
      ),
      422,
      {
        code: "IDL_INCLUDE",
        line: 1,
        pointer: "/0/Services/0/IdlFiles/shared~1base.thrift",
        detail: expect.stringMatching(/shared\/base\.thrift.*gone\.thrift/),
      },
    ],
    "no JSON": [form(file), 400, { code: "INVALID_BODY", detail: expect.stringContaining("-F 'owner=<owner.json'") }],
    "JSON twice": [form(file, ["a", json(service)], ["b", json(service)]), 400, { code: "INVALID_BODY" }],
    "JSON that is none": [form(file, ["a", "{"]), 400, { code: "INVALID_JSON" }],
    "empty JSON": [form(file, ["a", ""]), 400, { code: "INVALID_BODY" }],
    "JSON as a file": [form(file, ["owner", json(service), "owner.json"]), 400, { code: "INVALID_BODY" }],
    "a file twice": [form(file, file, ["a", json(service)]), 400, { code: "DUPLICATE_KEY" }],
    "a file of no service": [
      form(["SS", "", "a.thrift"], ["a", json({ ServiceName: "S", IdlContent: "service S {}" })]),
      400,
      { code: "INVALID_FIELD", pointer: "/0/Services", detail: expect.stringContaining('"SS"') },
    ],
    "IDL in the JSON too": [
      form(file, ["a", json({ ...service, IdlContent: "service S {}" })]),
      400,
      { code: "INVALID_FIELD", pointer: "/0/Services/0/IdlFiles" },
    ],
    "files in the JSON too": [
      form(file, ["a", json({ ...service, idlfiles: { "a.thrift": "service S {}" } })]),
      400,
      { code: "DUPLICATE_KEY", pointer: "/0/Services/0/IdlFiles" },
    ],
    "a file name with a control character": [
      form(["S", "", "a%0Ab"], ["a", json(service)]),
      400,
      { code: "INVALID_FIELD", pointer: expect.stringContaining("/0/Services/0/IdlFiles/") },
    ],
    "a file name without end": [form(["S", "", "a".repeat(300)], ["a", json(service)]), 400, { code: "INVALID_FIELD" }],
    "a file that is no text": [form(["S", Buffer.from([255]), "S.thrift"], ["a", json(service)]), 400, { code: "INVALID_UTF8" }],
    "too much IDL": [form(["S", " ".repeat(1024 * 1024 + 1), "S.thrift"], ["a", json(service)]), 413, { code: "IDL_TOO_LARGE" }],
    "parts without number": [
      form(...Array.from({ length: 3_000 }, (_, i) => ["S", "", `${i}.thrift`] as const), ["a", json(service)]),
      400,
      { code: "LIMIT_EXCEEDED" },
    ],
    "too much of all": [Buffer.alloc(5 * 1024 * 1024), 413, { code: "PAYLOAD_TOO_LARGE" }],
    "a body that is cut off": [form(file, ["a", json(service)]).subarray(0, -8), 400, { code: "BAD_REQUEST" }],
  };
  test.each(Object.entries(bad))("%s", async (_, [body, status, answer]) => {
    const { api, snapshot } = await startControlPlane();
    const { body: problem } = await api.post("/register").type(type).send(body).expect(status);
    expect(problem).toMatchObject({ status, ...answer });
    expect([...snapshot.names()]).toEqual([]);
  });

  test.each([
    ["origin", "null"],
    ["origin", "http://127.0.0.1:4200"],
    ["sec-fetch-site", "same-origin"],
  ])("from a web page: %s: %s", async (name, value) => {
    const { api } = await startControlPlane();
    const body = form(file, ["a", json(service)]);
    await api.post("/register").type(type).set(name, value).send(body).expect(415);
  });

  test("compressed, and where it is not for registrations", async () => {
    const { api } = await startControlPlane();
    const body = form(file, ["a", json(service)]);
    await api.post("/register").type(type).set("content-encoding", "gzip").send(body).expect(415);
    await api.post("/connect").type(type).send(body).expect(415);
  });
});
