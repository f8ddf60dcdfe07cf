import { describe, expect, test } from "vitest";
import { assetService, registration, startControlPlane } from "../../../../support/control-plane.ts";

const withOptions = (Options: unknown) => registration([assetService({ Options })]);

const BIG_IDL = `enum Color { RED = 1 }
struct Query { 1: i64 id }
struct Answer { 1: i64 id, 2: Color color }
service AssetManagement { Answer queryAsset(1: Query req), Answer insertAsset(1: Query req) }
`;

describe("what is refused", () => {
  const place = "/0/Services/0/Options";
  const refusals: Record<string, [options: unknown, pointer: string, suggestions?: string[]]> = {
    "a typo": [{ unknownField: "reject" }, `${place}/unknownField`, ["unknownFields"]],
    "a name of nothing": [{ zzzzzz: 1 }, `${place}/zzzzzz`],
    __proto__: [JSON.parse('{"__proto__":{"lenient":true}}'), `${place}/__proto__`],
    "another word": [{ i64: "bigint" }, `${place}/i64`],
    "text for a flag": [{ lenient: "true" }, `${place}/lenient`],
    "no time": [{ deadlineMs: 0 }, `${place}/deadlineMs`],
    "too much time": [{ deadlineMs: 600_001 }, `${place}/deadlineMs`],
    "half a millisecond": [{ deadlineMs: 1.5 }, `${place}/deadlineMs`],
    "time as text": [{ deadlineMs: "5" }, `${place}/deadlineMs`],
    "methods as a list": [{ methods: [] }, `${place}/methods`],
    "a method that the IDL lacks": [{ methods: { queryAset: {} } }, `${place}/methods/queryAset`, ["queryAsset"]],
    "a method named like a property": [{ methods: { constructor: {} } }, `${place}/methods/constructor`],
    "a typo in a method's option": [
      { methods: { queryAsset: { idempotnt: true } } },
      `${place}/methods/queryAsset/idempotnt`,
      ["idempotent"],
    ],
    "a service's option at a method": [{ methods: { queryAsset: { lenient: true } } }, `${place}/methods/queryAsset/lenient`],
  };

  test.each(Object.entries(refusals))("%s", async (_name, [options, pointer, suggestions]) => {
    const { api, snapshot } = await startControlPlane();
    const answer = await api
      .post("/register")
      .type("application/json")
      .send(JSON.stringify(withOptions(options)));
    expect(answer.body).toMatchObject({ status: 422, code: "INVALID_OPTION", pointer });
    expect(answer.body.suggestions).toEqual(suggestions);
    expect([...snapshot.names()]).toEqual([]);
  });

  test("options that are no object", async () => {
    const { api } = await startControlPlane();
    await api.post("/register").send(withOptions(7)).expect(400);
  });
});

describe("what is served", () => {
  test("codecs and calls do as the options say", async () => {
    const { api, snapshot } = await startControlPlane();
    const options = {
      i64: "string",
      enums: "name",
      unknownFields: "reject",
      lenient: true,
      DeadlineMs: 2_000,
      methods: { insertAsset: { deadlineMs: 100, idempotent: true } },
    };
    const Paths = ["queryAsset", "insertAsset"].map((name) => ({ ExposedMethod: name, MethodPath: name }));
    await api
      .post("/register")
      .send(registration([assetService({ IdlContent: BIG_IDL, Paths, Options: options })]))
      .expect(200);
    const routes = snapshot.entry("AssetManagement")!.routes;
    expect(routes.get("queryAsset")!.options).toEqual({ deadlineMs: 2_000, idempotent: undefined });
    expect(routes.get("insertAsset")!.options).toEqual({ deadlineMs: 100, idempotent: true });

    const { codec } = routes.get("queryAsset")!;
    expect(() => codec.encodeJson(Buffer.from('{"x":1}'))).toThrow(expect.objectContaining({ code: "UNKNOWN_FIELD" }));
    expect(codec.encodeJson(Buffer.from('{"id":"+7"}'.replace("+", ""))).bytes.length).toBeGreaterThan(0);
    const reply = Buffer.from("0c0000" + "0a0001" + "0000000000000007" + "080002" + "00000001" + "00" + "00", "hex");
    const decoded = codec.decodeResult(reply, 0, reply.length);
    expect(Buffer.from(decoded.json).toString()).toBe('{"id":"7","color":"RED"}');
  });

  test("a method named __proto__ has its options", async () => {
    const { api, snapshot } = await startControlPlane();
    const service = assetService({
      IdlContent: "service AssetManagement { void __proto__(), void other() }",
      Paths: [
        { ExposedMethod: "__proto__", MethodPath: "p" },
        { ExposedMethod: "other", MethodPath: "o" },
      ],
      Options: JSON.parse('{"methods":{"__proto__":{"deadlineMs":7}}}'),
    });
    await api
      .post("/register")
      .type("application/json")
      .send(JSON.stringify(registration([service])))
      .expect(200);
    const routes = snapshot.entry("AssetManagement")!.routes;
    expect(routes.get("p")!.options.deadlineMs).toBe(7);
    expect(routes.get("o")!.options.deadlineMs).not.toBe(7);
  });

  test("only a change of the options makes a new revision", async () => {
    const { api, snapshot, register } = await startControlPlane();
    const apiKey = await register(withOptions({ lenient: true }));
    const update = (options: unknown) =>
      api.put("/update?ownerid=ann").set("apikey", apiKey).send(withOptions(options)).expect(200);
    await update({ lenient: true, i64: null });
    expect(snapshot.entry("AssetManagement")!.revision).toBe(1);
    await update({ lenient: false });
    expect(snapshot.entry("AssetManagement")!.revision).toBe(2);
  });
});
