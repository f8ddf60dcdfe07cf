/** The bad inputs that take more than one request and one answer, by the name that the case files give them. */
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, register, request, serviceBody } from "../../support/gateway-client.ts";
import { type GatewayProcess, startGatewayProcess } from "../../support/gateway-process.ts";
import { resetAfter } from "../../support/hostile-behaviours.ts";
import { RawConnection } from "../../support/raw-http.ts";
import { echo, startThriftPeer } from "../../support/thrift-peer.ts";
import { readCases, surfaces } from "./cases.ts";
import { type Fixture, startFixture } from "./fixture.ts";

const mebibyte = 2 ** 20;
const getAsset = "GET /AssetManagement/getAsset?ID=1 HTTP/1.1\r\nHost: a\r\n\r\n";
const goodIdl = "service S { void m() }";
let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture({ limits: { headersTimeoutMs: 1_500, maxConnections: 300, callDeadlineMs: 4_000 } });
});

afterAll(() => fixture.stop());

async function expectGoodCall(): Promise<void> {
  const good = await request(`${fixture.gateway.url}/AssetManagement/getAsset?ID=1`);
  expect({ status: good.status, text: good.text }).toEqual({ status: 200, text: '{"Exist":true}' });
}

async function withGateway(
  config: Readonly<Record<string, unknown>>,
  body: (gateway: GatewayProcess) => Promise<void>,
): Promise<void> {
  const gateway = await startGatewayProcess({ config });
  try {
    await body(gateway);
  } finally {
    await gateway.stop();
  }
}

async function update(url: string, ownerId: string, key: string, services: readonly Record<string, unknown>[], headers = {}) {
  const json = [{ OwnerName: ownerId, OwnerId: ownerId, Services: services }];
  return request(`${url}/update?ownerid=${ownerId}`, { method: "PUT", headers: { apikey: key, ...headers }, json });
}

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  async "huge-content-length"() {
    const connection = await RawConnection.open(fixture.gateway.url);
    connection.send("POST /AssetManagement/newAsset HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n");
    const answer = await connection.response();
    expect(answer?.status).toBe(413);
    expect(answer?.headers.connection).toBe("close");
    expect(await connection.ended()).toBe(true);
  },

  async "ten-thousand-pipelined"() {
    const connection = await RawConnection.open(fixture.gateway.url);
    connection.send(getAsset.repeat(10_000));
    for (let answer = 0; answer < 10_000; answer += 1) expect((await connection.response())?.status).toBe(200);
    connection.close();
  },

  async "slow-headers"() {
    const slow = await Promise.all(Array.from({ length: 200 }, () => RawConnection.open(fixture.gateway.url)));
    for (const connection of slow) connection.send("GET /AssetManagement/getAsset?ID=1 HTTP/1.1\r\nHost: a\r\nX: ");
    await expectGoodCall();
    for (const connection of slow) {
      expect((await connection.response())?.status).toBe(408);
      expect(await connection.ended()).toBe(true);
    }
  },

  async "aborting-callers"() {
    const { gateway } = fixture;
    const abortRound = async () => {
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          const connection = await RawConnection.open(gateway.url);
          connection.send(getAsset);
          connection.close();
        }),
      );
    };
    for (let round = 0; round < 20; round += 1) await abortRound();
    await expectGoodCall();
    const before = gateway.residentBytes();
    for (let round = 0; round < 40; round += 1) await abortRound();
    await expectGoodCall();
    expect(gateway.residentBytes() - before).toBeLessThan(24 * mebibyte);
    await expect
      .poll(async () => (await request(`${gateway.adminUrl}/metrics`)).text)
      .not.toMatch(/^thriftgate_calls_in_flight\{.*\} [1-9]/m);
  },

  async "idle-connections"() {
    const idle = await Promise.all(Array.from({ length: 290 }, () => RawConnection.open(fixture.gateway.url)));
    const over = await Promise.all(
      Array.from({ length: 50 }, () => RawConnection.open(fixture.gateway.url).catch(() => undefined)),
    );
    await Promise.all(over.slice(20).map((connection) => connection?.closed()));
    idle[0]?.send(getAsset);
    expect((await idle[0]?.response())?.status).toBe(200);
    for (const connection of [...idle, ...over]) connection?.close();
    await expect.poll(async () => (await request(`${fixture.gateway.url}/ping`).catch(() => undefined))?.status).toBe(200);
  },

  async "forged-forwarded-for"() {
    await withGateway({ limits: { registrationsPerMinute: 3 } }, async ({ url }) => {
      const statuses: number[] = [];
      for (let index = 0; index < 4; index += 1) {
        const json = [{ OwnerName: "o", OwnerId: `o${index}` }];
        statuses.push(
          (await request(`${url}/register`, { method: "POST", json, headers: { "x-forwarded-for": `10.0.0.${index}` } })).status,
        );
      }
      expect(statuses).toEqual([200, 200, 200, 429]);
    });
  },

  async "endless-chunked-body"() {
    const { gateway } = fixture;
    const before = gateway.residentBytes();
    const connection = await RawConnection.open(gateway.url);
    connection.send(
      "POST /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    const chunk = `10000\r\n${" ".repeat(65_536)}\r\n`;
    let sent = 0;
    const pour = () => {
      for (; sent < 100 * mebibyte && connection.socket.writable; sent += chunk.length) {
        if (!connection.socket.write(chunk)) return;
      }
    };
    connection.socket.on("drain", pour);
    pour();
    expect((await connection.response())?.status).toBe(413);
    connection.close();
    expect(gateway.residentBytes() - before).toBeLessThan(64 * mebibyte);
  },

  async "doubling-constants"() {
    const lines = ["const list<string> C0 = ['x']"];
    let type = "list<string>";
    for (let index = 1; index <= 30; index += 1) {
      type = `list<${type}>`;
      lines.push(`const ${type} C${index} = [C${index - 1}, C${index - 1}]`);
    }
    const idl = `${lines.join("\n")}\nstruct A { 1: ${type} a = C30 }\nservice S { A m(1: A a) }`;
    const json = [{ OwnerName: "d", OwnerId: "doubling", Services: [serviceBody({ name: "Doubling", idl, paths: ["m"] })] }];
    const answer = await request(`${fixture.gateway.url}/register`, { method: "POST", json });
    expect(answer.status).toBe(422);
    expect(answer.json.code).toBe("IDL_LIMIT");
  },

  async "others-unharmed"() {
    const { url } = fixture.gateway;
    const bad = readCases<{ id: string; name: string; idl?: never }>("idl").length;
    const stopped = new AbortController();
    const statuses = new Map<number, number>();
    const calls = (async () => {
      while (!stopped.signal.aborted) {
        const { status } = await request(`${url}/AssetManagement/getAsset?ID=1`);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    })();
    const idls = [
      "struct A {",
      "service S { Nowhere m() }",
      `const list<i32> A = ${"[".repeat(5_000)}`,
      "typedef A A service S {}",
    ];
    for (let index = 0; index < bad; index += 1) {
      const services = [serviceBody({ name: `Bad${index}`, idl: idls[index % idls.length] as string, paths: ["m"] })];
      const answer = await request(`${url}/register`, {
        method: "POST",
        json: [{ OwnerName: "b", OwnerId: `bad${index}`, Services: services }],
      });
      expect(answer.status).toBe(422);
    }
    stopped.abort();
    await calls;
    expect([...statuses.keys()]).toEqual([200]);
  },

  async "slow-reader"() {
    const { gateway, apiKey: _ } = fixture;
    const key = await register(gateway.url, "slow-reader", [
      { name: "Large", idl: "service Large { string m() }", paths: ["m"] },
    ]);
    const text = Buffer.alloc(15 * mebibyte, 0x61);
    const result = Buffer.concat([Buffer.from([11, 0, 0, 0, 0, 0, 0]), text, Buffer.from([0])]);
    result.writeInt32BE(text.length, 3);
    const peer = await startThriftPeer({ resultOf: () => result });
    await connect(gateway.url, key, "Large", peer.port);
    const slow = await Promise.all(Array.from({ length: 6 }, () => RawConnection.open(gateway.url)));
    for (const connection of slow) {
      connection.socket.pause();
      connection.send("GET /Large/m HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20));
    }
    await peer.until(({ calls }) => calls.length >= 6);
    await expectGoodCall();
    expect(gateway.residentBytes()).toBeLessThan(900 * mebibyte);
    for (const connection of slow) connection.close();
    await peer.close();
    await expectGoodCall();
  },

  async "reset-at-each-byte"() {
    const { gateway } = fixture;
    const key = await register(gateway.url, "reset", [{ name: "Reset", idl: "service Reset { string m() }", paths: ["m"] }]);
    const result = Buffer.concat([Buffer.from([11, 0, 0, 0, 0, 0, 2]), Buffer.from("ok"), Buffer.from([0])]);
    let cut = 0;
    let length = Number.POSITIVE_INFINITY;
    const peer = await startThriftPeer({
      resultOf: () => result,
      behaviour(call) {
        ({ length } = call.replyBytes());
        resetAfter(cut)(call);
      },
    });
    await connect(gateway.url, key, "Reset", peer.port);
    for (; cut < length; cut += 1) {
      const answer = await request(`${gateway.url}/Reset/m`, { method: "POST", json: {} });
      expect({ cut, status: answer.status, code: answer.json.code }).toEqual({
        cut,
        status: 502,
        code: "UPSTREAM_CONNECTION_LOST",
      });
    }
    peer.behaviour = echo;
    expect((await request(`${gateway.url}/Reset/m`, { method: "POST", json: {} })).text).toBe('"ok"');
    await peer.close();
  },

  async "same-path-name"() {
    const { url } = fixture.gateway;
    const text = (value: string) =>
      Buffer.concat([Buffer.from([11, 0, 0, 0, 0, 0, value.length]), Buffer.from(value), Buffer.from([0])]);
    const peer = await startThriftPeer({ resultOf: (call) => text(call.name) });
    for (const [owner, method] of [
      ["left", "one"],
      ["right", "two"],
    ] as const) {
      const idl = `service S { string ${method}() }`;
      const key = await register(url, owner, [{ name: `Same-${owner}`, idl, paths: { path: method } }]);
      await connect(url, key, `Same-${owner}`, peer.port);
    }
    expect((await request(`${url}/Same-left/path`)).text).toBe('"one"');
    expect((await request(`${url}/Same-right/path`)).text).toBe('"two"');
    await peer.close();
  },

  async "second-service-bad"() {
    const { url } = fixture.gateway;
    const good = serviceBody({ name: "AtomicGood", idl: goodIdl, paths: ["m"] });
    const json = [
      {
        OwnerName: "a",
        OwnerId: "atomic",
        Services: [good, serviceBody({ name: "AtomicBad", idl: "service S {", paths: ["m"] })],
      },
    ];
    const answer = await request(`${url}/register`, { method: "POST", json });
    expect([answer.status, answer.json.code]).toEqual([422, "IDL_SYNTAX"]);
    expect((await request(`${url}/AtomicGood/m`)).json.code).toBe("SERVICE_NOT_FOUND");
    await register(url, "atomic", [{ name: "AtomicGood", idl: goodIdl, paths: ["m"] }]);
  },

  async "registration-rate"() {
    await withGateway({}, async ({ url }) => {
      const answers = [];
      for (let index = 0; index <= 100; index += 1) {
        answers.push(await request(`${url}/register`, { method: "POST", json: [{ OwnerName: "o", OwnerId: `o${index}` }] }));
      }
      const last = answers.at(-1);
      expect([last?.status, last?.json.code]).toEqual([429, "RATE_LIMITED"]);
      expect(Number(last?.headers.get("retry-after"))).toBeGreaterThan(0);
    });
  },

  async "registration-token"() {
    await withGateway({ registration: "token", registrationToken: "a-token-of-some-length" }, async ({ url }) => {
      const json = [{ OwnerName: "o", OwnerId: "o" }];
      const without = await request(`${url}/register`, { method: "POST", json });
      expect([without.status, without.json.code]).toEqual([401, "UNAUTHENTICATED"]);
      const wrong = await request(`${url}/register`, {
        method: "POST",
        json,
        headers: { authorization: "Bearer another-token-entirely" },
      });
      expect([wrong.status, wrong.json.code]).toEqual([401, "UNAUTHENTICATED"]);
      const right = await request(`${url}/register`, {
        method: "POST",
        json,
        headers: { authorization: "Bearer a-token-of-some-length" },
      });
      expect(right.status).toBe(200);
    });
  },

  async "owner-mismatch"() {
    const { gateway, apiKey } = fixture;
    const json = [{ OwnerName: "f", OwnerId: "foreigner", Services: [] }];
    const answer = await request(`${gateway.url}/update?ownerid=owner`, { method: "PUT", headers: { apikey: apiKey }, json });
    expect([answer.status, answer.json.code]).toEqual([400, "OWNER_MISMATCH"]);
    await expectGoodCall();
  },

  async "master-key"() {
    const masterKey = "the-master-key-of-this-test";
    await withGateway({ masterKey }, async ({ url }) => {
      const key = await register(url, "o", [{ name: "Mine", idl: goodIdl, paths: ["m"] }]);
      const services = [serviceBody({ name: "Mine", idl: goodIdl, paths: { n: "m" } })];
      expect((await update(url, "o", masterKey, services)).status).toBe(200);
      expect((await request(`${url}/Mine/n`)).json.code).toBe("NO_HEALTHY_INSTANCE");
      expect((await update(url, "o", key, services)).status).toBe(200);
      expect((await update(url, "o", "some-other-key-altogether", services)).status).toBe(401);
    });
  },

  async "concurrent-updates"() {
    const { url } = fixture.gateway;
    const key = await register(url, "racers", [{ name: "Race", idl: goodIdl, paths: ["m"] }]);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        update(url, "racers", key, [serviceBody({ name: "Race", idl: goodIdl, paths: { [`path${index}`]: "m" } })]),
      ),
    );
    const winners = answers.flatMap(({ status }, index) => (status === 200 ? [index] : []));
    expect(answers.every(({ status, json }) => status === 200 || (status === 409 && json.code === "CONFLICT"))).toBe(true);
    expect(winners.length).toBeGreaterThan(0);
    const serving = [];
    for (let index = 0; index < 50; index += 1) {
      if ((await request(`${url}/Race/path${index}`)).json.code !== "ROUTE_NOT_FOUND") serving.push(index);
    }
    expect(serving).toHaveLength(1);
    expect(winners).toContain(serving[0]);
    const detail = await request(`${fixture.gateway.adminUrl}/admin/v1/services/Race`);
    expect(detail.json.revision).toBe(1 + winners.length);
  },

  async "keys-never-logged"() {
    const { gateway, apiKey } = fixture;
    const secret = "a-secret-that-must-not-be-seen";
    const answers = [
      await request(`${gateway.url}/connect`, {
        method: "POST",
        json: { ApiKey: secret, ServiceName: "Echo", ServerAddress: "10.0.0.1", ServerPort: "9090" },
      }),
      await request(`${gateway.url}/health`, { method: "POST", json: { ApiKey: secret, ServerID: secret } }),
      await request(`${gateway.url}/update?ownerid=owner&apikey=${secret}`, {
        method: "PUT",
        headers: { apikey: secret },
        json: [],
      }),
      await request(`${gateway.url}/register`, {
        method: "POST",
        json: [{ OwnerName: "s", OwnerId: "secret", ApiKey: secret, Services: 1 }],
      }),
      await request(`${gateway.url}/Echo/echo`, {
        method: "POST",
        headers: { apikey: secret, authorization: secret },
        json: { medium: secret },
      }),
    ];
    for (const { text, status } of answers) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(text).not.toContain(secret);
    }
    const log = await gateway.wholeLog();
    expect(log).not.toContain(secret);
    expect(log).not.toContain(apiKey);
    for (const list of ["services", "services/Echo", "instances", "revisions?service=Echo"]) {
      expect((await request(`${gateway.adminUrl}/admin/v1/${list}`)).text).not.toContain(apiKey);
    }
  },

  async "loopback-forbidden"() {
    await withGateway({ allowLoopbackInstances: false }, async ({ url }) => {
      const key = await register(url, "o", [{ name: "Mine", idl: goodIdl, paths: ["m"] }]);
      for (const ServerAddress of [
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "::ffff:7f00:1",
        "::ffff:127.0.0.1",
        "localhost",
        "64:ff9b::7f00:1",
      ]) {
        const answer = await request(`${url}/connect`, {
          method: "POST",
          json: { ApiKey: key, ServiceName: "Mine", ServerAddress, ServerPort: "9090" },
        });
        expect([ServerAddress, answer.status, answer.json.code]).toEqual([ServerAddress, 400, "ADDRESS_FORBIDDEN"]);
      }
    });
  },

  async "own-port"() {
    const { gateway, apiKey } = fixture;
    for (const url of [gateway.url, gateway.adminUrl]) {
      for (const ServerAddress of ["127.0.0.1", "localhost", "::ffff:127.0.0.1"]) {
        const json = { ApiKey: apiKey, ServiceName: "Names", ServerAddress, ServerPort: new URL(url).port };
        const answer = await request(`${gateway.url}/connect`, { method: "POST", json });
        expect([answer.status, answer.json.code]).toEqual([400, "PORT_FORBIDDEN"]);
      }
    }
  },

  async "address-outside"() {
    const config = { enforceRegisteredServers: true, instanceNetworks: ["10.0.0.0/8"] };
    await withGateway(config, async ({ url }) => {
      const service = {
        ...serviceBody({ name: "Mine", idl: goodIdl, paths: ["m"] }),
        RegisteredServers: [{ ServerUrl: "http://10.1.1.1:8000", Port: 8000 }],
      };
      const registered = await request(`${url}/register`, {
        method: "POST",
        json: [{ OwnerName: "o", OwnerId: "o", Services: [service] }],
      });
      const statusOf = async (ServerAddress: string, ServerPort: string) =>
        (
          await request(`${url}/connect`, {
            method: "POST",
            json: { ApiKey: registered.json["API-Key"], ServiceName: "Mine", ServerAddress, ServerPort },
          })
        ).status;
      expect(await statusOf("10.1.1.1", "8000")).toBe(200);
      expect(await statusOf("10.1.1.2", "8000")).toBe(403);
      expect([400, 403]).toContain(await statusOf("192.168.0.1", "8000"));
    });
  },

  async "instance-quota"() {
    await withGateway({ limits: { maxInstancesPerService: 3 } }, async ({ url }) => {
      const key = await register(url, "o", [{ name: "Mine", idl: goodIdl, paths: ["m"] }]);
      for (const port of [9001, 9002, 9003, 9003]) await connect(url, key, "Mine", port);
      const json = { ApiKey: key, ServiceName: "Mine", ServerAddress: "127.0.0.1", ServerPort: "9004" };
      const answer = await request(`${url}/connect`, { method: "POST", json });
      expect([answer.status, answer.json.code]).toEqual([429, "QUOTA_EXCEEDED"]);
    });
  },

  async "http-instance"() {
    const { url } = fixture.gateway;
    const key = await register(url, "http-instance", [{ name: "Mixed", idl: "service Mixed { void m() }", paths: ["m"] }]);
    const http = createHttpServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
    const peer = await startThriftPeer();
    await connect(url, key, "Mixed", (http.address() as AddressInfo).port);
    await connect(url, key, "Mixed", peer.port);
    for (let call = 0; call < 10; call += 1) expect((await request(`${url}/Mixed/m`)).status).toBe(200);
    http.close();
    await peer.close();
  },

  async "foreign-health"() {
    const { gateway, apiKey, foreignKey } = fixture;
    const ServerID = await connect(gateway.url, apiKey, "Names", 9090);
    for (const path of ["/health", "/disconnect"]) {
      const answer = await request(`${gateway.url}${path}`, { method: "POST", json: { ApiKey: foreignKey, ServerID } });
      expect([401, 403]).toContain(answer.status);
    }
    expect((await request(`${gateway.url}/health`, { method: "POST", json: { ApiKey: apiKey, ServerID } })).status).toBe(200);
    expect((await request(`${gateway.url}/disconnect`, { method: "POST", json: { ApiKey: apiKey, ServerID } })).status).toBe(200);
  },

  async "heartbeat-rate"() {
    const { gateway, apiKey } = fixture;
    const beat = (ServerID: string) =>
      request(`${gateway.url}/health`, { method: "POST", json: { ApiKey: apiKey, ServerID } }).then(({ status }) => status);
    const greedy = await connect(gateway.url, apiKey, "Names", 9091);
    const modest = await connect(gateway.url, apiKey, "Names", 9092);
    const statuses = await Promise.all(Array.from({ length: 200 }, () => beat(greedy)));
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(await beat(modest)).toBe(200);
    for (const ServerID of [greedy, modest]) {
      await request(`${gateway.url}/disconnect`, { method: "POST", json: { ApiKey: apiKey, ServerID } });
    }
  },

  async "admin-reads-only"() {
    const { adminUrl } = fixture.gateway;
    for (const path of [
      "/live",
      "/ready",
      "/metrics",
      "/admin/v1/services",
      "/admin/v1/instances",
      "/admin/v1/revisions?service=Echo",
    ]) {
      expect((await request(adminUrl + path)).status).toBe(200);
      for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
        const answer = await request(adminUrl + path, { method });
        expect([path, method, answer.status, answer.json?.code]).toEqual([path, method, 405, "METHOD_NOT_ALLOWED"]);
      }
    }
  },

  async "admin-queries"() {
    for (const query of ["limit=-1", "limit=1e9", "limit=abc", "limit=0", "sort=$where", "limit=5&limit=6", 'filter={"$ne":1}']) {
      const answer = await request(`${fixture.gateway.adminUrl}/admin/v1/services?${query}`);
      expect([query, answer.status, answer.json.code]).toEqual([query, 400, "INVALID_FIELD"]);
    }
  },

  async "admin-not-public"() {
    for (const path of ["/metrics", "/admin", "/admin/v1/services", "/live", "/ready", "/debug/pprof"]) {
      expect([path, (await request(fixture.gateway.url + path)).status]).toEqual([path, 404]);
    }
  },
};

const listed = surfaces
  .flatMap((surface) => readCases<{ id: string; name: string; scenario?: string }>(surface))
  .filter(({ scenario }) => scenario !== undefined);

describe("scenarios", () => {
  it.each(listed)("$id $name", { timeout: 30_000 }, async ({ scenario }) => {
    const run = scenarios[scenario as string];
    if (run === undefined) throw new Error(`no scenario ${scenario}`);
    await run();
    await expectGoodCall();
  });

  it("are all listed", () => {
    expect(new Set(Object.keys(scenarios))).toEqual(new Set(listed.map(({ scenario }) => scenario)));
  });
});
