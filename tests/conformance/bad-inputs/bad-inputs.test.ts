import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { connect, idlText, register, request, serviceBody } from "../../support/gateway-client.ts";
import { fronts } from "../../support/held-requests.ts";
import { drip, endlessFrame } from "../../support/hostile-behaviours.ts";
import { RawConnection } from "../../support/raw-http.ts";
import { stringStruct } from "../../support/thrift-bytes.ts";
import { type PeerCall, silent, startThriftPeer, type ThriftPeer } from "../../support/thrift-peer.ts";
import { bytesOf, fromHex, withRepeats } from "./bytes.ts";
import {
  type ConnectCase,
  type FrameDifference,
  type HttpCase,
  type IdlCase,
  type JsonCase,
  plainCases,
  type QueryCase,
  type RegisterCase,
  type ReplyCase,
  readCases,
  surfaces,
} from "./cases.ts";
import { expectAnswer, type Seen } from "./expect-answer.ts";
import { echoMethods, type Fixture, startFixture } from "./fixture.ts";

const mebibyte = 2 ** 20;
let fixture: Fixture;
let residentBefore: number;

beforeAll(async () => {
  fixture = await startFixture({ limits: { callDeadlineMs: 1_000 } });
  residentBefore = fixture.gateway.residentBytes();
});

/** Whatever came, the process lives and the next good call succeeds. */
afterEach(async () => {
  expect(fixture.gateway.running()).toBe(true);
  const good = await request(`${fixture.gateway.url}/AssetManagement/getAsset?ID=1`);
  expect({ status: good.status, text: good.text }).toEqual({ status: 200, text: '{"Exist":true}' });
});

afterAll(() => fixture.stop());

/** A raw request on a connection of its own, so that its bytes go out as they are. */
async function send(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer | undefined,
): Promise<Seen> {
  const connection = await RawConnection.open(fixture.gateway.url);
  const lines = Object.entries({ host: "a", connection: "close", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === undefined ? "" : `content-length: ${body.length}\r\n`;
  connection.send(`${method} ${target} HTTP/1.1\r\n${lines.join("")}${length}\r\n`);
  if (body !== undefined) connection.send(body);
  const response = await connection.response();
  connection.close();
  if (response === undefined) throw new Error("no answer");
  return seen(response);
}

function seen({
  status,
  body,
  headers,
}: {
  status: number;
  body: string;
  headers: Readonly<Partial<Record<string, string>>>;
}): Seen {
  return { status, text: body, header: (name) => headers[name] };
}

const json = { "content-type": "application/json" };

describe.each(fronts)("HTTP, %s front", (front) => {
  let url: string;
  let stop: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    if (front === "net") ({ url } = fixture.gateway);
    else {
      const other = await startFixture({ httpFront: front });
      ({ stop } = other);
      ({ url } = other.gateway);
    }
  });

  afterAll(() => stop?.());

  it.each(plainCases<HttpCase>("http"))("$id $name", async ({ raw, expect: expectations, closes }) => {
    const connection = await RawConnection.open(url);
    connection.send(bytesOf(raw));
    for (const expectation of expectations) {
      for (let answer = 0; answer < (expectation.times ?? 1); answer += 1) {
        const response = await connection.response(bytesOf(raw.slice(0, 1)).toString().startsWith("HEAD "));
        if (response === undefined) throw new Error("no answer");
        expectAnswer(seen(response), expectation);
      }
    }
    if (closes) expect(await connection.ended()).toBe(true);
    connection.close();
  });
});

describe("JSON", () => {
  it.each(plainCases<JsonCase>("json"))("$id $name", async ({ to, headers, body, expect: expectation }) => {
    expectAnswer(await send("POST", `/${to}`, { ...json, ...headers }, bytesOf(body)), expectation);
  });
});

describe("QUERY", () => {
  it.each(plainCases<QueryCase>("query"))("$id $name", async ({ method = "GET", target, headers, body, expect: expectation }) => {
    const path = typeof target === "string" ? target : bytesOf(target).toString();
    expectAnswer(await send(method, path, headers ?? {}, body && bytesOf(body)), expectation);
  });
});

describe("IDL", () => {
  let owners = 0;
  it.each(plainCases<IdlCase>("idl"))("$id $name", async ({ idl, files, expect: expectation }) => {
    owners += 1;
    const name = `Idl${owners}`;
    const { IdlContent, ...service } = serviceBody({ name, idl: idl === undefined ? "" : bytesOf(idl).toString(), paths: ["m"] });
    const texts = files && Object.fromEntries(Object.entries(files).map(([file, parts]) => [file, bytesOf(parts).toString()]));
    const withIdl = { ...service, ...(texts === undefined ? { IdlContent } : { IdlFiles: texts }) };
    const body = Buffer.from(JSON.stringify([{ OwnerName: name, OwnerId: name, Services: [withIdl] }]));
    expectAnswer(await send("POST", "/register", json, body), expectation);
    // Nothing of a refused registration is left: the owner and the name are free.
    if (expectation.status !== 200)
      await register(fixture.gateway.url, name, [{ name, idl: "service S { void m() }", paths: ["m"] }]);
  });
});

describe("REPLY", () => {
  let owners = 0;
  it.each(plainCases<ReplyCase>("reply"))("$id $name", async (each) => {
    owners += 1;
    const name = `Reply${owners}`;
    const { url } = fixture.gateway;
    const apiKey = await register(url, name, [{ name, idl: idlText("everything.thrift"), paths: echoMethods }]);
    const peer = await hostilePeer(each);
    await connect(url, apiKey, name, peer.port);
    if (each.peer === "refuses" || each.peer === "one-refuses") await peer.close();
    if (each.peer === "one-refuses") await connect(url, apiKey, name, fixture.echo.port);
    const body = Buffer.from(each.body ?? '{"medium":1}');
    expectAnswer(await send("POST", `/${name}/${each.method ?? "echo"}`, json, body), each.expect);
    if (each.peer !== "refuses" && each.peer !== "one-refuses") await peer.close();
  });
});

function hostilePeer({ peer, reply = [], cut, then }: ReplyCase): Promise<ThriftPeer> {
  return startThriftPeer({
    behaviour(call) {
      const { socket } = call;
      if (peer === "silent") return silent(call);
      if (peer === "drip") return drip(200)(call);
      if (peer === "endless") return endlessFrame(call);
      const bytes = Buffer.concat(
        reply.map((part) => (typeof part === "object" && "frame" in part ? frameOf(call, part.frame) : bytesOf([part]))),
      );
      const sent = bytes.subarray(0, cut ?? bytes.length);
      if (then === "end") socket.end(sent);
      else if (then === "reset") socket.write(sent, () => socket.resetAndDestroy());
      else socket.write(sent);
    },
  });
}

/** `12 0 0 … 0 0`: the result struct's field 0, an Everything. */
const emptyEverything = fromHex("0c0000 00 00");

function frameOf(call: PeerCall, [kind, value]: FrameDifference): Buffer {
  switch (kind) {
    case "value":
      return call.replyBytes({ body: Buffer.concat([fromHex("0c0000"), stringStruct(7, value), fromHex("00")]) });
    case "raw":
      return call.replyBytes({ body: fromHex(value) });
    case "deep":
      return call.replyBytes({
        body: Buffer.concat([fromHex("0c0000"), fromHex("0c0012".repeat(value)), Buffer.alloc(value + 2)]),
      });
    case "seqid":
      return call.replyBytes({ body: emptyEverything, seqid: value });
    case "name":
      return call.replyBytes({ body: emptyEverything, name: value });
    case "type":
      return call.replyBytes({ body: emptyEverything, type: value });
  }
}

describe("REG", () => {
  it.each(plainCases<RegisterCase>("reg"))(
    "$id $name",
    async ({ method = "POST", path = "/register", service, headers, body, expect: expectation }) => {
      const owner = { OwnerName: "reg", OwnerId: `reg-${service}` };
      const registration = [
        { ...owner, Services: [serviceBody({ name: service ?? "", idl: "service S { void m() }", paths: ["m"] })] },
      ];
      const bytes = service === undefined ? bytesOf(body ?? []) : Buffer.from(JSON.stringify(registration));
      expectAnswer(
        await send(method, path, { ...json, ...(withRepeats(headers ?? {}) as Record<string, string>) }, bytes),
        expectation,
      );
    },
  );
});

describe("CONN", () => {
  it.each(plainCases<ConnectCase>("conn"))("$id $name", async ({ body, connect: differences, health, expect: expectation }) => {
    const sound =
      health === undefined
        ? { ApiKey: fixture.apiKey, ServiceName: "Names", ServerAddress: "10.0.0.1", ServerPort: "9090" }
        : { ApiKey: fixture.apiKey };
    const bytes =
      body === undefined
        ? Buffer.from(JSON.stringify({ ...sound, ...(withRepeats(differences ?? health) as object) }))
        : bytesOf(body);
    const answer = await send("POST", health === undefined ? "/connect" : "/health", json, bytes);
    expectAnswer(answer, expectation);
    if (answer.status >= 400 && health === undefined) {
      expect(JSON.parse(answer.text).Status).toBe("failed");
      expect(answer.text).not.toContain("ServerID");
    }
  });
});

describe("after all of it", () => {
  it("memory is back and nothing went wrong inside", { timeout: 30_000 }, async () => {
    const grown = () => fixture.gateway.residentBytes() - residentBefore;
    await expect.poll(grown, { timeout: 20_000 }).toBeLessThan(160 * mebibyte);
    expect(await fixture.gateway.wholeLog()).not.toMatch(/"level":60|"code":"INTERNAL"|uncaught|unhandled/i);
  });
});

describe("the list", () => {
  it("has every case, now or later, and none twice", () => {
    const later = JSON.parse(readFileSync(join(import.meta.dirname, "later.json"), "utf8"));
    const now = new Set(surfaces.flatMap((surface) => readCases(surface).map(({ id }) => id)));
    expect([...now].filter((id) => id in later)).toEqual([]);
    expect(Object.keys(later).length).toBeLessThanOrEqual(15);
    const names = surfaces.flatMap((surface) => readCases(surface).map(({ id, name }) => `${id} ${name}`));
    expect(names.length).toBe(new Set(names).size);
  });
});
