import { describe, expect, test } from "vitest";
import { createRestClaims } from "../../../../../gateway/src/control-plane/publish/rest-claims.ts";
import { parseRestPattern } from "../../../../../gateway/src/control-plane/publish/rest-pattern.ts";
import { GatewayError } from "../../../../../gateway/src/core/errors.ts";
import { RestRoutes } from "../../../../../gateway/src/data-plane/route/rest-routes.ts";
import { startControlPlane } from "../../../../support/control-plane.ts";

/** A service whose methods m0, m1, … have these annotations. */
function service(name: string, annotations: readonly string[], more = "") {
  const methods = annotations.map((text, index) => `void m${index}() (${text})`);
  return { ServiceName: name, IdlContent: `${more}\nservice ${name} { ${methods.join(", ")} }` };
}

const owner = (OwnerId: string, ...Services: readonly object[]) => [{ OwnerId, OwnerName: OwnerId, Services }];

describe("what is refused", () => {
  const header = (struct: string, result = "void") =>
    [service("S", [], `${struct} service Base { ${result} call(1: R r) }`)].map((one) => ({
      ...one,
      IdlContent: one.IdlContent.replace("service S {", "service S extends Base {"),
    }));
  const cases: Record<string, [services: readonly object[], code: string, detail: string]> = {
    "a bad pattern": [[service("S", ['api.get="/v1//x"'])], "INVALID_ROUTE", 'api.get="/v1//x"'],
    "a reserved first segment": [[service("S", ['api.post="/register/x"'])], "INVALID_ROUTE", "the gateway's own"],
    "an annotation without a path": [[service("S", ["api.get"])], "INVALID_ROUTE", "begin with a slash"],
    "a route twice": [
      [service("S", ['api.get="/v1/:a"', 'api.get="/v1/:b"'])],
      "INVALID_ROUTE",
      'api.get="/v1/:b" of S.m1 matches the same as api.get="/v1/:a" of S.m0',
    ],
    "a route of a sister": [
      [service("S", ['api.get="/v1/x"']), service("T", ['api.get="/v1/x"'])],
      "INVALID_ROUTE",
      "T.m0 matches the same as",
    ],
    "a path of a service": [
      [{ ...service("S", ['api.get="/S/x"']), Paths: [{ MethodPath: "x", ExposedMethod: "m0" }] }],
      "INVALID_ROUTE",
      "the path x of S.m0",
    ],
    "a header's name with a line break": [
      header('struct R { 1: string a (api.header="X\r\nSet-Cookie") }'),
      "IDL_SYNTAX",
      "no end in its line",
    ],
    "a header's name with a tab": [
      header('struct R { 1: string a (api.header="X\tY") }'),
      "INVALID_ANNOTATION",
      "can't be the name of a header",
    ],
    "a header's name with a colon": [header('struct R { 1: string a (api.header="a:b") }'), "INVALID_ANNOTATION", "header"],
    "a cookie's name with a semicolon": [
      header('struct R { 1: string a (agw.source="cookie", agw.key="a;b") }'),
      "INVALID_ANNOTATION",
      "cookie",
    ],
    "a header's name of Unicode": [header('struct R { 1: string a (api.header="ключ") }'), "INVALID_ANNOTATION", "header"],
    "a header's name without end": [
      header(`struct R { 1: string a (api.header="${"a".repeat(129)}") }`),
      "INVALID_ANNOTATION",
      "header",
    ],
    "a route of any method beside one": [
      [service("S", ['api.any="/v1/x"', 'api.put="/v1/x"'])],
      "INVALID_ROUTE",
      'api.put="/v1/x" of S.m1 matches the same as api.any="/v1/x" of S.m0',
    ],
    ...Object.fromEntries(
      [
        ...["Connection", "Content-Length", "Date", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Set-Cookie"],
        ...["TE", "Trailer", "Transfer-Encoding", "Upgrade", "X-Request-ID"],
      ].map((name) => [
        `an answer's own ${name}`,
        [header(`struct R { 1: string a (agw.target="header", agw.key="${name}") }`, "R"), "INVALID_ANNOTATION", "own to set"],
      ]),
    ),
  };

  test.each(Object.entries(cases))("%s", async (_name, [services, code, detail]) => {
    const { api, snapshot } = await startControlPlane();
    const answer = await api.post("/register").send(owner("ann", ...services));
    expect(answer.body).toMatchObject({
      status: 422,
      code,
      detail: expect.stringContaining(detail),
      service: expect.any(String),
    });
    expect([...snapshot.names()]).toEqual([]);
  });
});

test("in requests any header can be read", async () => {
  const { register } = await startControlPlane();
  const fields = ["Host", "Content-Length", "Transfer-Encoding", "Connection", "X-Request-Id"].map(
    (name, index) => `${index + 1}: string f${index} (api.header="${name}")`,
  );
  const IdlContent = `struct R { ${fields.join(", ")} } service S { void call(1: R r) }`;
  expect(await register(owner("ann", { ServiceName: "S", IdlContent }))).toEqual(expect.any(String));
});

describe("routes of two owners", () => {
  test.each([
    [['api.get="/v1/assets"'], ['api.put="/v1/assets"'], true],
    [['api.get="/v1/:a"'], ['api.get="/v1/x"'], true],
    [['api.get="/v1/x"'], ['api.get="/v1/:a"'], true],
    [['api.get="/v1/:a/b"'], ['api.get="/v1/a/:b"'], true],
    [['api.get="/v1/*a"'], ['api.get="/v1/x/y"'], true],
    [['api.get="/v1/x/y"'], ['api.get="/v1/*a"'], true],
    [['api.get="/v1/x/:y/z"'], ['api.get="/v1/*a"'], true],
    [['api.get="/v1/:a/*b"'], ['api.get="/v1/x/*c"'], true],
    [['api.get="/First/x"'], [], false],
    [['api.get="/Second/x"'], [], true],
    [[], ['api.get="/First/x"'], true],
    [['api.get="/v1/assets"'], ['api.get="/v1/users"'], false],
    [['api.get="/v1/:a"'], ['api.get="/v1/x/y"'], false],
    [['api.get="/v1/:a"'], ['api.get="/v1/"'], false],
    [['api.get="/v1/*a"'], ['api.get="/v1"'], false],
    [['api.get="/v1/*a"'], ['api.get="/v2/*a"'], false],
  ])("%j and %j: %s", async (first, second, clash) => {
    const { api } = await startControlPlane();
    await api
      .post("/register")
      .send(owner("ann", service("First", first)))
      .expect(200);
    const answer = await api.post("/register").send(owner("bob", service("Second", second)));
    expect(answer.status).toBe(clash ? 422 : 200);
    if (clash) expect(answer.body).toMatchObject({ code: "INVALID_ROUTE", detail: expect.stringMatching(/Second.*First/) });
  });

  test("a service name that is taken is a conflict, as ever", async () => {
    const { api } = await startControlPlane();
    await api
      .post("/register")
      .send(owner("ann", service("S", [])))
      .expect(200);
    await api
      .post("/register")
      .send(owner("bob", service("S", [])))
      .expect(409);
  });

  test("at the same time: one of them", async () => {
    const { api } = await startControlPlane();
    const answers = await Promise.all([
      api.post("/register").send(owner("ann", service("A", ['api.get="/v1/x"']))),
      api.post("/register").send(owner("bob", service("B", ['api.get="/v1/:a"']))),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422]);
  });

  test("what was updated away is free", async () => {
    const { api, register } = await startControlPlane();
    const apiKey = await register(owner("ann", service("A", ['api.get="/v1/x"'])));
    await api
      .put("/update?ownerid=ann")
      .set("apikey", apiKey)
      .send(owner("ann", service("A", ['api.get="/v1/y"'])))
      .expect(200);
    await api
      .post("/register")
      .send(owner("bob", service("B", ['api.get="/v1/x"'])))
      .expect(200);
    const back = await api
      .put("/update?ownerid=ann")
      .set("apikey", apiKey)
      .send(owner("ann", service("A", ['api.get="/v1/x"'])));
    expect(back.status).toBe(422);
  });

  test("patterns made to be compared with each other end soon", () => {
    const pattern = (text: string) => {
      const parsed = parseRestPattern(text);
      if (!parsed.ok) throw new Error(parsed.fault);
      return { pattern: parsed.pattern };
    };
    const served = { rest: Array.from({ length: 10_000 }, (_, i) => pattern(`/v/a${i}/x`)) };
    const claims = createRestClaims({ services: () => [{ name: "A", ownerId: "ann", served }] as never });
    const rest = Array.from({ length: 10_000 }, (_, i) => pattern(`/v/:p/y${i}`));
    const started = performance.now();
    expect(() => claims.take("bob", new Map([["B", { rest }]]))).toThrow(GatewayError);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

describe("what is published", () => {
  test("routes follow the services", async () => {
    const { snapshot, api, register } = await startControlPlane();
    const routes = new RestRoutes(snapshot);
    const apiKey = await register(
      owner("ann", service("A", ['api.get="/v1/x/:id", api.put="/v1/x/:id"']), service("B", ['api.get="/v1/x/new"'])),
    );
    const { parameters } = routes.match("GET", "/v1/x/7")!;
    expect([parameters.get("id"), parameters.get("constructor")]).toEqual(["7", undefined]);
    expect(routes.match("GET", "/v1/x/new")?.entry.name).toBe("B");
    expect(routes.match("PUT", "/v1/x/new")?.entry.name).toBe("A");
    expect(routes.match("HEAD", "/v1/x/7")?.route.path).toBe("/v1/x/:id");
    expect(routes.allow("/v1/x/7")).toBe("GET, HEAD, PUT, OPTIONS");
    expect(routes.allow("/v1/y")).toBeUndefined();
    await api
      .put("/update?ownerid=ann")
      .set("apikey", apiKey)
      .send(owner("ann", service("B", [])))
      .expect(200);
    expect(routes.match("GET", "/v1/x/7")).toBeUndefined();
    expect(routes.allow("/v1/x/new")).toBeUndefined();
  });

  test("ten thousand routes in one IDL", async () => {
    const { snapshot, api } = await startControlPlane();
    const routes = new RestRoutes(snapshot);
    const annotations = Array.from({ length: 500 }, (_, m) =>
      Array.from({ length: 20 }, (_unused, r) => `api.get="/v1/r${m}/x${r}/:id"`).join(", "),
    );
    await api
      .post("/register")
      .send(owner("ann", service("Big", annotations)))
      .expect(200);
    expect(routes.match("GET", "/v1/r499/x19/7")?.route.codec.method.name).toBe("m499");
    const many = [...annotations.slice(1), `${annotations[0]}, api.get="/v1/one/more"`];
    const answer = await api.post("/register").send(owner("bob", service("Bigger", many)));
    expect(answer.body).toMatchObject({ status: 422, code: "INVALID_ROUTE", detail: expect.stringContaining("10000") });
  });
});
