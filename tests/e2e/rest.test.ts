import supertest from "supertest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGateway, type Gateway } from "../../gateway/src/app.ts";
import { connect } from "../support/gateway-client.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";
import { startThriftPeer, type ThriftPeer } from "../support/thrift-peer.ts";

const IDL = `
exception Gone { 1: string why } (api.http_code="410")
struct Asset {
  1: i64 id (api.path="id"),
  2: string name,
  3: optional list<i32> tags (api.query="tag"),
  4: optional string trace (api.header="X-Trace"),
  5: optional string session (agw.source="cookie", agw.target="cookie", agw.key="sid"),
  6: optional i32 page (api.query="p", agw.source="header"),
  7: optional string uri (api.raw_uri),
}
struct Plain { 1: i32 a, 2: optional i32 status (api.http_code), 3: optional list<string> vary (agw.target="header", agw.key="Vary") }
struct Form { 1: string name (api.form="n"), 2: i32 count, 3: i32 x (agw.source="post") }
struct Files { 1: binary data (api.form="f"), 2: list<i32> counts (api.form="n"), 3: string note, 4: optional list<string> notes (api.form="s") }
struct Inner { 1: i32 n }
struct Defaults { 1: i32 page = 3 (api.query="page"), 2: Inner inner, 3: list<string> names, 4: string lane = "slow" (api.header="lane", api.cookie="lane"), 5: i32 size = 9 }
struct Odd { 1: optional string proto (api.query="__proto__", api.header="__proto__"), 2: optional string c (api.cookie="__proto__"), 3: optional string constructor (api.path="__proto__") }
struct Secret { 1: string name, 2: optional string owner (agw.source="ignore"), 3: optional string note (agw.target="ignore") }
struct Upload { 1: string id (api.path="id"), 2: binary data (agw.source="raw_body") }
struct Text { 1: string text (agw.source="raw_body", agw.target="raw_body"), 2: string type (api.header="Content-Type") }
service Rest {
  Asset one(1: Asset req) (api.get="/v1/assets/:id", api.put="/v1/assets/:id", api.delete="/v1/assets/:id"),
  Asset create(1: Asset req) (api.post="/v1/assets", api.patch="/v1/assets/:id/:id2"),
  Plain plain(1: Plain req) (api.post="/v1/plain", api.get="/v1/plain", api.options="/v1/plain"),
  Form form(1: Form req) (api.post="/v1/form"),
  Upload upload(1: Upload req) (api.put="/v1/files/:id"),
  Text text(1: Text req) (api.post="/v1/text"),
  i32 add(1: i32 a (api.query="a"), 2: i32 b (api.header="b")) (api.get="/v1/add"),
  Files files(1: Files req) (api.post="/v1/forms"),
  Defaults defaults(1: Defaults req) (api.get="/v1/defaults", api.post="/v1/defaults"),
  Odd odd(1: Odd req) (api.get="/v1/odd/:__proto__", api.any="/v1/any"),
  Secret secret(1: Secret req) (api.post="/v1/secret"),
  void gone() throws (1: Gone gone) (api.get="/v1/gone"),
  void head() (api.head="/v1/head"),
  void nothing() (api.get="/v1/nothing", api.head="/v1/nothing"),
}`;

let directory: TemporaryDirectory;
let gateway: Gateway;
let peer: ThriftPeer;
let url: string;

beforeAll(async () => {
  directory = createTemporaryDirectory();
  gateway = createGateway({ port: 0, adminPort: 0, dataDir: directory.path, masterKey: "a-master-key-of-tests", logger: false });
  ({ url } = await gateway.listen());
  const names = [
    "one",
    "create",
    "plain",
    "form",
    "upload",
    "text",
    "add",
    "files",
    "defaults",
    "odd",
    "secret",
    "gone",
    "head",
    "nothing",
  ];
  const Paths = names.map((name) => ({ MethodPath: name, ExposedMethod: name }));
  const registered = await fetch(`${url}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([{ OwnerId: "a", OwnerName: "a", Services: [{ ServiceName: "Rest", IdlContent: IDL, Paths }] }]),
  });
  const answer = (await registered.json()) as Record<string, string>;
  expect(answer).toMatchObject({ "API-Key": expect.any(String) });
  peer = await startThriftPeer({
    resultOf: ({ name, body }) => {
      // The exception's field 1, with its text in field 1.
      if (name === "gone") return Buffer.from([12, 0, 1, 11, 0, 1, 0, 0, 0, 1, 0x78, 0, 0]);
      if (name === "nothing" || name === "head") return Buffer.from([0]);
      if (name === "add") return Buffer.concat([Buffer.from([8, 0, 0]), body.subarray(3, 7), Buffer.from([0])]);
      const result = Buffer.from(body);
      // The gateway also calls a method that does not exist, without arguments, to find out the dialect.
      if (result.length >= 3) result.writeInt16BE(0, 1);
      return result;
    },
  });
  await connect(url, answer["API-Key"]!, "Rest", peer.port);
});

afterAll(async () => {
  await gateway.close();
  await peer.close();
  directory.remove();
});

async function call(method: string, path: string, init: { headers?: Record<string, string>; body?: string } = {}) {
  const response = await fetch(url + path, {
    method,
    ...init,
    headers: { ...(init.body !== undefined && { "content-type": "application/json" }), ...init.headers },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
}

describe("where fields come from", () => {
  test("path, query, header, cookie and target", async () => {
    const { status, headers, json } = await call("GET", "/v1/assets/9007199254740993?tag=1,2&tag=3&name=n&p=4&junk=1", {
      headers: { "x-trace": "t-1", cookie: "other=1; sid=%D1%8F" },
    });
    expect(status).toBe(200);
    expect(json()).toMatchObject({ name: "n", tags: [1, 2, 3], page: 4 });
    expect(headers.get("x-trace")).toBe("t-1");
    expect(headers.get("set-cookie")).toBe("sid=%D1%8F");
    expect(headers.get("content-type")).toBe("application/json");
    const { text } = await call("GET", "/v1/assets/9007199254740993?tag=1");
    expect(text).toContain('"id":9007199254740993');
    expect(text).toContain('"uri":"/v1/assets/9007199254740993?tag=1"');
  });

  test("a place of its own counts before the body", async () => {
    const body = '{"id": 1, "name":"é", "tags":[7], "page":9}';
    const { json } = await call("PUT", "/v1/assets/5?p=2", { body });
    expect(json()).toMatchObject({ id: 5, name: "é", tags: [7], page: 2 });
    const next = await call("PUT", "/v1/assets/5", { body, headers: { PAGE: "3" } });
    expect(next.json()).toMatchObject({ page: 3 });
    const without = await call("POST", "/v1/assets", { body });
    expect(without.json()).toMatchObject({ id: 1, page: 9 });
  });

  test("a body without a JSON object, and none", async () => {
    expect((await call("PUT", "/v1/assets/5", { body: "[1]" })).json()).toMatchObject({
      status: 400,
      code: "INVALID_TYPE",
      pointer: "",
    });
    expect((await call("PUT", "/v1/assets/5", { body: '{"name":"x"} ' })).json()).toMatchObject({ id: 5, name: "x" });
    expect((await call("PUT", "/v1/assets/5", { body: '{"name":' })).json()).toMatchObject({ code: "INVALID_JSON" });
    expect((await call("PUT", "/v1/assets/5", { body: '{"name":"a","name":"b"}' })).json()).toMatchObject({
      code: "DUPLICATE_KEY",
    });
    expect((await call("PUT", "/v1/assets/5")).json()).toMatchObject({ id: 5 });
    expect((await call("DELETE", "/v1/assets/5?name=q")).json()).toMatchObject({ id: 5, name: "q" });
  });

  test("defaults, where no place has a value", async () => {
    expect((await call("GET", "/v1/defaults")).json()).toMatchObject({ page: 3, size: 9 });
    expect((await call("GET", "/v1/defaults")).headers.get("lane")).toBe("slow");
    const { json, headers } = await call("POST", "/v1/defaults?page=4", { body: '{"size":1}', headers: { cookie: "lane=fast" } });
    expect(json()).toMatchObject({ page: 4, size: 1 });
    expect(headers.get("lane")).toBe("fast");
  });

  test("nested and repeated arguments", async () => {
    expect((await call("GET", "/v1/defaults?inner.n=7&names=a,b&names=c")).json()).toMatchObject({
      inner: { n: 7 },
      names: ["a,b", "c"],
    });
    expect((await call("GET", '/v1/defaults?inner={"n":8}')).json()).toMatchObject({ inner: { n: 8 } });
    expect((await call("GET", "/v1/defaults?inner.n=x")).json()).toMatchObject({ status: 400, pointer: "/inner.n" });
  });

  test("names of an object's own properties are names like any other", async () => {
    const { headers, json } = await call("GET", "/v1/odd/p?__proto__=q", { headers: { cookie: "__proto__=c" } });
    expect(json()).toEqual({ constructor: "p" });
    expect([headers.get("__proto__"), headers.get("set-cookie")]).toEqual(["q", "__proto__=c"]);
  });

  test("what is ignored on one side", async () => {
    expect((await call("POST", "/v1/secret", { body: '{"name":"n","owner":"me","note":"x"}' })).json()).toEqual({ name: "n" });
  });

  test("parameters of a method", async () => {
    expect((await call("GET", "/v1/add?a=3", { headers: { b: "4" } })).text).toBe("3");
  });

  test("the same fields on the service's own paths", async () => {
    const { json } = await call("POST", "/Rest/one?p=8", { body: '{"id":4}' });
    expect(json()).toMatchObject({ id: 4, page: 8 });
  });

  test.each([
    ["/v1/assets/x", {}, "/id", 'the path parameter "id": expected'],
    ["/v1/assets/1?tag=1,x", {}, "/tag/1", 'the query argument "tag": expected'],
    ["/v1/assets/1", { page: "1.5" }, "/page", 'the header "page": expected'],
    ["/v1/assets/1?p=1&p=2", {}, "/p", "expected one value"],
  ])("faults name the place: %s", async (path, headers, pointer, detail) => {
    const { json } = await call("GET", path, { headers });
    expect(json()).toMatchObject({ status: 400, pointer, detail: expect.stringContaining(detail) });
  });
});

describe("bodies that are no JSON", () => {
  test("a form, where a field asks for one", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const { json } = await call("POST", "/v1/form", { headers, body: "n=a+%D1%8F&count=2&x=3&y=1" });
    expect(json()).toEqual({ name: "a я", count: 2, x: 3 });
    expect((await call("POST", "/v1/form", { body: '{"name":"b","count":1,"x":2}' })).json()).toEqual({
      name: "b",
      count: 1,
      x: 2,
    });
    expect((await call("POST", "/v1/plain", { headers, body: "a=1" })).status).toBe(415);
    expect((await call("POST", "/v1/form", { headers, body: "n=%zz" })).json()).toMatchObject({ code: "BAD_REQUEST" });
    const compressed = { ...headers, "content-encoding": "gzip" };
    expect((await call("POST", "/v1/form", { headers: compressed, body: "n=1" })).status).toBe(415);
  });

  test("a multipart form, with files", async () => {
    const form = new FormData();
    form.append("f", new Blob([Buffer.from([0, 255, 13, 10, 45, 45])]), "я.png");
    form.append("n", "1,2");
    form.append("n", "3");
    form.append("note", new Blob(["a,я\r\n"]), "n.txt");
    form.append("s", new Blob(["a,b"]), "s.txt");
    form.append("__proto__", "x");
    const post = async (body: FormData) => (await fetch(`${url}/v1/forms`, { method: "POST", body })).json();
    expect(await post(form)).toEqual({ data: "AP8NCi0t", counts: [1, 2, 3], note: "a,я\r\n", notes: ["a,b"] });
    form.append("f", "AA==");
    expect(await post(form)).toMatchObject({ code: "INVALID_TYPE", pointer: "/f", detail: expect.stringContaining("found 2") });
    form.delete("f");
    form.set("note", new Blob([Buffer.from([255])]), "n.txt");
    expect(await post(form)).toMatchObject({ status: 400, code: "INVALID_UTF8", pointer: "/note" });
    form.delete("note");
    form.append("f", "not base64!");
    expect(await post(form)).toMatchObject({ status: 400, code: "INVALID_TYPE", pointer: "/f" });
    const many = new FormData();
    for (let i = 0; i < 1_000; i++) many.append("n", "1");
    expect(await post(many)).toMatchObject({ status: 400, code: "LIMIT_EXCEEDED" });
  });

  test("a multipart form that is cut off, and one for a method that asks for none", async () => {
    const headers = { "content-type": "multipart/form-data; boundary=b" };
    const body = '--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nx';
    expect((await call("POST", "/v1/forms", { headers, body })).json()).toMatchObject({
      status: 400,
      code: "BAD_REQUEST",
      detail: expect.stringMatching(/no boundary follows it \(part 1, byte \d+\)/),
    });
    expect((await call("POST", "/v1/forms", { headers, body: `${body}\r\n--b--` })).json()).toMatchObject({ note: "x" });
    expect((await call("POST", "/v1/plain", { headers, body: `${body}\r\n--b--` })).status).toBe(415);
  });

  test("raw bytes in", async () => {
    const response = await fetch(`${url}/v1/files/f`, {
      method: "PUT",
      body: Buffer.from([0, 255, 34]),
      headers: { "content-type": "image/png" },
    });
    expect(await response.json()).toEqual({ id: "f", data: "AP8i" });
  });

  test("raw text in and out", async () => {
    const { headers, text } = await call("POST", "/v1/text", { headers: { "content-type": "text/csv" }, body: "a,я\n" });
    expect([headers.get("content-type"), text]).toEqual(["text/csv", "a,я\n"]);
  });
});

describe("answers", () => {
  test("a status and a header from the reply", async () => {
    const { status, headers, json } = await call("POST", "/v1/plain", {
      body: '{"a":1,"status":201,"Vary":["Accept","X-Ключ, y"]}',
    });
    expect([status, json()]).toEqual([201, { a: 1 }]);
    expect(Buffer.from(headers.get("vary")!, "latin1").toString()).toBe("Accept,X-Ключ, y");
    const empty = await call("POST", "/v1/plain", { body: '{"a":1,"status":204}' });
    expect([empty.status, empty.text, empty.headers.get("content-length")]).toEqual([204, "", null]);
  });

  test.each([
    ['{"status":99}'],
    ['{"status":101}'],
    ['{"status":600}'],
    ['{"Vary":["a\\r\\nset-cookie: x=y"]}'],
    ['{"Vary":["a\\u0000"]}'],
  ])("an instance can't split an answer: %s", async (body) => {
    const { status, json, headers } = await call("POST", "/v1/plain", { body });
    expect([status, json().code, headers.get("set-cookie")]).toEqual([502, "UPSTREAM_BAD_REPLY", null]);
  });
});

test("an exception has its own status", async () => {
  const { status, json } = await call("GET", "/v1/gone");
  expect([status, json()]).toMatchObject([410, { code: "EXCEPTION", exception: "Gone", value: { why: "x" } }]);
});

describe("HTTP methods", () => {
  test("one that a path has not: 405 with those that it has", async () => {
    const { status, headers, json } = await call("POST", "/v1/assets/5", { body: "{}" });
    expect([status, json().code, headers.get("allow")]).toEqual([405, "METHOD_NOT_ALLOWED", "GET, HEAD, PUT, DELETE, OPTIONS"]);
    expect((await call("PUT", "/Rest/one", { body: "{}" })).headers.get("allow")).toBe("GET, POST");
  });

  test("OPTIONS for free, and its own where the IDL has one", async () => {
    const free = await call("OPTIONS", "/v1/assets/5");
    expect([free.status, free.headers.get("allow"), free.text]).toEqual([204, "GET, HEAD, PUT, DELETE, OPTIONS", ""]);
    expect((await call("OPTIONS", "/v1/plain?a=7")).json()).toEqual({ a: 7 });
  });

  test("HEAD where there is a GET", async () => {
    const head = await call("HEAD", "/v1/assets/5");
    expect([head.status, head.text]).toEqual([200, ""]);
    expect(Number(head.headers.get("content-length"))).toBeGreaterThan(8);
    expect((await call("HEAD", "/v1/nothing")).status).toBe(200);
    expect((await call("HEAD", "/v1/head")).status).toBe(200);
    const get = await call("GET", "/v1/head");
    expect([get.status, get.headers.get("allow")]).toEqual([405, "HEAD, OPTIONS"]);
    expect((await call("HEAD", "/v1/text")).status).toBe(405);
    expect((await call("HEAD", "/Rest/one")).status).toBe(405);
  });

  test.each(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])("api.any has %s", async (method) => {
    const { status, headers } = await call(method, "/v1/any?__proto__=x");
    const isFree = method === "OPTIONS";
    expect(status).toBe(isFree ? 204 : 200);
    expect(isFree ? headers.get("allow") : headers.get("__proto__")).toBe(
      isFree ? "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" : "x",
    );
  });

  test("a GET with a body", async () => {
    await supertest(url).get("/v1/assets/5").type("application/json").send("{}").expect(400);
  });

  test.each(["/v1", "/v1/", "/v1/assets/", "/v1/assets/5/", "/v1/assets/5/6/7", "/V1/assets/5", "//v1/assets/5"])(
    "%s is nowhere",
    async (path) => {
      const { status, json } = await call("GET", path);
      expect([status, json().code]).toEqual([404, expect.stringMatching(/NOT_FOUND/)]);
    },
  );

  test("escapes in a path are decoded once", async () => {
    const response = await fetch(`${url}/v1/files/%D1%8F%20x`, { method: "PUT", body: "x" });
    expect(await response.json()).toMatchObject({ id: "я x" });
    expect((await call("GET", "/v1/assets/%2f")).status).toBe(400);
  });
});
