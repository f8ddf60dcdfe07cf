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
    "a transport that nobody speaks": [{ transport: "http" }, `${place}/transport`],
    "a typo in the protocol": [{ protocol: "binari" }, `${place}/protocol`],
    "a service name that is none": [{ multiplexed: "a:b" }, `${place}/multiplexed`],
    "TLS as text": [{ tls: "true" }, `${place}/tls`],
    "a server name with a port": [{ tlsServerName: "a.example:443" }, `${place}/tlsServerName`],
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
    const { body } = await api.post("/register").send(withOptions(7)).expect(422);
    expect([body.code, body.pointer]).toEqual(["INVALID_OPTION", expect.stringMatching(/\/Options$/)]);
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

describe("how instances are spoken to", () => {
  const IDL = `service Base { void ping() }
service AssetManagement extends Base { void queryAsset() }
service Other { void other() }
`;
  const withDialect = (Options: unknown) => registration([assetService({ IdlContent: IDL, Options })]);
  const framedBinary = { transport: "framed", protocol: "binary" };

  const cases: Record<string, [options: object, meta: Record<string, string>, expected: object]> = {
    "nobody says anything": [{}, {}, { dialect: framedBinary, dialectIsGuess: true }],
    "the service says it": [
      { transport: "ttheader", protocol: "compact" },
      {},
      { dialect: { transport: "ttheader", protocol: "compact" } },
    ],
    "the service says half of it": [{ protocol: "compact" }, {}, { dialect: { transport: "framed", protocol: "compact" } }],
    "the instance's word counts before it": [
      { transport: "buffered", protocol: "compact", multiplexed: true, tls: true },
      { transport: "framed", multiplexed: "false", tls: "false" },
      { dialect: { transport: "framed", protocol: "compact" } },
    ],
    "multiplexed under the IDL's name": [
      { multiplexed: true },
      {},
      { dialect: { ...framedBinary, multiplexed: "AssetManagement" }, dialectIsGuess: true },
    ],
    "multiplexed under another name": [
      { multiplexed: true },
      { multiplexed: "assets", transport: "framed" },
      { dialect: { ...framedBinary, multiplexed: "assets" } },
    ],
    "the instance is multiplexed": [
      {},
      { multiplexed: "true", protocol: "binary" },
      { dialect: { ...framedBinary, multiplexed: "AssetManagement" } },
    ],
    "with TLS": [{ tls: true, ...framedBinary }, {}, { dialect: framedBinary, tls: {} }],
    "with TLS, under a name": [
      { tls: true, tlsServerName: "assets.internal", ...framedBinary },
      {},
      { dialect: framedBinary, tls: { serverName: "assets.internal" } },
    ],
    "with TLS by the instance's word": [
      { tlsServerName: "assets.internal", ...framedBinary },
      { tls: "true", tlsServerName: "one.assets.internal" },
      { dialect: framedBinary, tls: { serverName: "one.assets.internal" } },
    ],
  };
  test.each(Object.entries(cases))("%s", async (_name, [options, Meta, expected]) => {
    const { register, connect, snapshot } = await startControlPlane();
    await connect(await register(withDialect(options)), { Meta });
    const { dialect, dialectIsGuess, tls } = snapshot.entry("AssetManagement")!.instances[0]!;
    expect({ dialect, ...(dialectIsGuess && { dialectIsGuess }), ...(tls && { tls }) }).toEqual(expected);
  });

  test("an update changes it for instances that are there; another change of the service does not touch them", async () => {
    const { api, register, connect, snapshot } = await startControlPlane();
    const apikey = await register(withDialect({ transport: "buffered" }));
    await connect(apikey);
    const update = (options: object) => api.put("/update?ownerid=ann").set({ apikey }).send(withDialect(options)).expect(200);
    const [before] = snapshot.entry("AssetManagement")!.instances;
    await update({ transport: "buffered", lenient: true });
    expect(snapshot.entry("AssetManagement")!.instances[0]).toBe(before);
    await update({ transport: "header" });
    expect(snapshot.entry("AssetManagement")!.instances[0]).toEqual({
      ...before,
      dialect: { transport: "header", protocol: "binary" },
    });
  });
});
