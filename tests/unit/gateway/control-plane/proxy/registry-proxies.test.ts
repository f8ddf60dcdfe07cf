import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileIdl } from "@thriftgate/thrift";
import { describe, expect, it } from "vitest";
import { PROXY_IDL } from "../../../../../gateway/src/control-plane/proxy/proxy-idl.ts";
import {
  createRegistryProxies,
  type RegistryProxiesOptions,
} from "../../../../../gateway/src/control-plane/proxy/registry-proxies.ts";
import { createLogger } from "../../../../../gateway/src/core/logger.ts";
import type { Instance } from "../../../../../gateway/src/snapshot/snapshot.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";
import { testInstance } from "../../../../support/instance.ts";
import { repository } from "../../../../support/program.ts";

const SECRET = "a-secret-of-sixteen-or-more";
const SERVER_ID = "11111111-2222-5333-8444-555555555555";
const record = { serverId: SERVER_ID, serviceName: "S", address: "10.0.0.1", port: 9000, weight: 1, meta: {} };
const ok = { Status: "ok", Message: "", ServerID: SERVER_ID };

function proxy(id: string, difference: Partial<Instance> = {}): Instance {
  return testInstance({ id, meta: { proxy: "thriftgate" }, ...difference });
}

interface Asked {
  readonly id: string;
  readonly method: string;
  readonly request: Readonly<Record<string, unknown>>;
}

function start(given: readonly Instance[], options: Partial<RegistryProxiesOptions> = {}) {
  const clock = createFakeClock();
  const asked: Asked[] = [];
  const retired: string[] = [];
  const state = { instances: given, answer: (async () => ok) as (id: string) => Promise<object> };
  const proxies = createRegistryProxies({
    calls: {
      call: async ({ id }, codec, request) => {
        codec.encodeJson(Buffer.from(JSON.stringify(request)));
        asked.push({ id, method: codec.method.name, request: request as Asked["request"] });
        return JSON.stringify(await state.answer(id));
      },
      retire: (id) => void retired.push(id),
    },
    instances: () => state.instances,
    secret: SECRET,
    timeToLiveSeconds: 45,
    timeToDieSeconds: 90,
    clock,
    logger: createLogger({ level: "silent" }),
    ...options,
  });
  return { proxies, clock, asked, retired, state };
}

describe("registry proxies", () => {
  it("speak the IDL that stands in idl/", () => {
    const text = readFileSync(join(repository, "idl/registry_proxy.thrift"), "utf8");
    const services = [PROXY_IDL, text].map((idl) => {
      const result = compileIdl({ "p.thrift": idl }, "p.thrift");
      if (!result.ok) throw new Error("the IDL has faults");
      return result.schema.services.map(({ name, methods }) => [name, methods.map((method) => [method.name, method.oneway])]);
    });
    expect(services[0]).toEqual(services[1]);
    const fields = (idl: string) => idl.match(/\d: \w+ \w+/g);
    expect(fields(PROXY_IDL)).toEqual(fields(text));
  });

  it("take turns, and are told what to register", async () => {
    const { proxies, asked } = start([proxy("a"), proxy("b")]);
    expect(await proxies.connect(record)).toBe(SERVER_ID);
    for (let beats = 0; beats < 3; beats += 1) expect(await proxies.beat(SERVER_ID)).toBe(true);
    expect(asked.map(({ id }) => id)).toEqual(["b", "a", "b", "a"]);
    expect(asked[0]).toMatchObject({
      method: "connectServer",
      request: { ApiKey: SECRET, ServiceName: "S", ServerAddress: "10.0.0.1", ServerPort: "9000", TTL: 45, TTD: 90 },
    });
    expect(asked[1]).toMatchObject({ method: "healthCheckServer", request: { ApiKey: SECRET, ServerID: SERVER_ID } });
  });

  it("of the original's make are not told the secret", async () => {
    const { proxies, asked } = start([proxy("original", { meta: {} })]);
    expect(await proxies.connect(record)).toBe(SERVER_ID);
    expect(await proxies.beat(SERVER_ID)).toBe(true);
    expect(asked.map(({ request }) => request.ApiKey)).toEqual(["", ""]);
  });

  it("of ours are not asked by a gateway without the secret", async () => {
    const { proxies, asked } = start([proxy("ours"), proxy("original", { meta: {} })], { secret: undefined });
    expect(await proxies.beat(SERVER_ID)).toBe(true);
    expect(await proxies.beat(SERVER_ID)).toBe(true);
    expect(asked.map(({ id }) => id)).toEqual(["original", "original"]);
  });

  it("are not asked when they are critical, or when there are none", async () => {
    const { proxies, asked, state } = start([proxy("a", { health: "critical" })]);
    expect(await proxies.beat(SERVER_ID)).toBe(false);
    state.instances = [];
    expect(await proxies.connect(record)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it("get no server with a weight or metadata, which their IDL can't carry", async () => {
    const { proxies, asked } = start([proxy("a")]);
    expect(await proxies.connect({ ...record, weight: 2 })).toBeUndefined();
    expect(await proxies.connect({ ...record, meta: { transport: "buffered" } })).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it("rest for 5 s after a call that failed", async () => {
    const { proxies, asked, clock, state } = start([proxy("a"), proxy("b")]);
    state.answer = async (id) => {
      if (id === "b") throw new Error("gone");
      return ok;
    };
    expect(await proxies.beat(SERVER_ID)).toBe(false);
    for (let beats = 0; beats < 3; beats += 1) expect(await proxies.beat(SERVER_ID)).toBe(true);
    expect(asked.map(({ id }) => id)).toEqual(["b", "a", "a", "a"]);
    state.answer = async () => ok;
    await clock.advance(5_000);
    await proxies.beat(SERVER_ID);
    await proxies.beat(SERVER_ID);
    expect(asked.slice(-2).map(({ id }) => id)).toContain("b");
  });

  it.each<[string, object]>([
    ["refuses", { Status: "failed", Message: "no" }],
    ["answers nothing", {}],
    ["gives no ServerID", { Status: "ok", Message: "" }],
    ["gives a ServerID that is no UUID", { Status: "ok", Message: "", ServerID: "../../v1" }],
  ])("that %s leave the work to the gateway", async (_, answer) => {
    const { proxies, state } = start([proxy("a")]);
    state.answer = async () => answer;
    expect(await proxies.connect(record)).toBeUndefined();
  });

  it("have 64 calls under way at most", async () => {
    const { proxies, asked, state } = start([proxy("a")]);
    let release = () => {};
    const held = new Promise<object>((resolve) => (release = () => resolve(ok)));
    state.answer = () => held;
    const beats = Array.from({ length: 70 }, () => proxies.beat(SERVER_ID));
    release();
    expect((await Promise.all(beats)).filter(Boolean)).toHaveLength(64);
    expect(asked).toHaveLength(64);
    expect(await proxies.beat(SERVER_ID)).toBe(true);
  });

  it("that went lose their connections", async () => {
    const { proxies, retired, state } = start([proxy("a"), proxy("b")]);
    await proxies.beat(SERVER_ID);
    state.instances = [proxy("b")];
    await proxies.beat(SERVER_ID);
    expect(retired).toEqual(["a"]);
  });

  it("are the registry's concern while they are called", async () => {
    const called: string[] = [];
    const { proxies } = start([proxy("a")], { interest: (name) => void called.push(name) });
    await proxies.beat(SERVER_ID);
    expect(called).toEqual(["RegistryProxy"]);
  });
});
