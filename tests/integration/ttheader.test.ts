import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createGateway, type Gateway } from "thriftgate";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createLogger } from "../../gateway/src/core/logger.ts";
import { connect, register, request } from "../support/gateway-client.ts";
import { headerBytes, type ReadHeader, readHeaderFrame, textInfo } from "../support/header-bytes.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";
import { messageBytes, messageType, takeMessage } from "../support/thrift-bytes.ts";

/** What the server puts beside its reply. */
let replyHeaders: readonly (readonly [string, string])[];
let calls: ReadHeader[];
let sockets: Set<Socket>;
let server: Server;
let gateway: Gateway;
let dataDir: TemporaryDirectory;
let url: string;
let lines: string[];

const accessToken = "a-token-that-nobody-knows";

/** Answers each call with `null` as the result of a void method, as a Kitex server does on TTHeader. */
function serve(socket: Socket): void {
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
  let pending = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
      const end = 4 + pending.readUInt32BE(0);
      const call = readHeaderFrame("ttheader", pending.subarray(0, end));
      pending = pending.subarray(end);
      calls.push(call);
      const { name, seqid } = takeMessage(call.message)!.message;
      const message = messageBytes({ type: messageType.reply, name, seqid, body: Buffer.of(0) });
      socket.write(headerBytes("ttheader", { message, infos: textInfo("ttheader", replyHeaders) }));
    }
  });
}

beforeEach(async () => {
  replyHeaders = [];
  calls = [];
  sockets = new Set();
  server = createServer(serve).listen(0, "127.0.0.1");
  await once(server, "listening");
  dataDir = createTemporaryDirectory();
  lines = [];
  gateway = createGateway({
    port: 0,
    adminPort: 0,
    dataDir: dataDir.path,
    logger: createLogger({ level: "trace", destination: { write: (line) => void lines.push(line) } }),
    services: { Bank: { accessToken } },
  });
  ({ url } = await gateway.listen());
  const bank = { name: "Bank", idl: "service Bank { void pay(1: i64 cents) }", paths: ["pay"] };
  const apiKey = await register(url, "owner", [bank]);
  const { port } = server.address() as AddressInfo;
  await connect(url, apiKey, "Bank", port, { Meta: { transport: "ttheader" } });
});

afterEach(async () => {
  await gateway.close();
  for (const socket of sockets) socket.destroy();
  server.close();
  dataDir.remove();
});

const pay = (headers: Record<string, string> = {}) => request(`${url}/Bank/pay`, { method: "POST", json: { cents: 5 }, headers });

it("tells the instance who calls, how long it has, and what belongs to the request", async () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const answer = await pay({
    traceparent,
    tracestate: "a=1",
    "x-request-id": "request-1",
    "rpc-persist-lane": "blue",
    "rpc-transit-user-id": "7",
    "x-other": "stays",
  });
  expect(answer.status).toBe(200);
  const { integers, texts } = calls[0]!;
  expect(integers).toMatchObject({ 2: "request-1", 3: "thriftgate", 6: "Bank", 9: "pay", 22: "1" });
  expect(Number(integers[12])).toBeGreaterThan(3_000);
  expect(Number(integers[12])).toBeLessThanOrEqual(5_000);
  expect(texts).toEqual({
    RPC_TRANSIT_traceparent: traceparent,
    RPC_TRANSIT_tracestate: "a=1",
    RPC_TRANSIT_USER_ID: "7",
    RPC_PERSIST_LANE: "blue",
  });
});

it("shows the instance the access token of its service, and nobody else", async () => {
  expect((await pay()).status).toBe(200);
  expect(calls[0]!.accessToken).toBe(accessToken);
  server.close();
  for (const socket of sockets) socket.destroy();
  const failed = await pay();
  expect(failed.status).toBe(503);
  expect(lines.join() + failed.text).not.toContain(accessToken);
});

it("answers a business error with its number, message and extra", async () => {
  replyHeaders = [
    ["biz-status", "40400"],
    ["biz-message", "no such account"],
    ["biz-extra", '{"account":"7","__proto__":"x"}'],
  ];
  const { status, json } = await pay();
  expect(status).toBe(422);
  expect(json).toMatchObject({ code: "BIZ_STATUS", bizStatus: 40_400, bizMessage: "no such account", service: "Bank" });
  expect(Object.entries(json.bizExtra)).toEqual([
    ["account", "7"],
    ["__proto__", "x"],
  ]);
});

it("answers the result where the business status is none", async () => {
  replyHeaders = [["biz-status", "0"]];
  expect(await pay()).toMatchObject({ status: 200, text: "null" });
});

it.each([
  ["no number", [["biz-status", "many"]]],
  [
    "extra that is no JSON",
    [
      ["biz-status", "1"],
      ["biz-extra", "{"],
    ],
  ],
  [
    "extra that is no object",
    [
      ["biz-status", "1"],
      ["biz-extra", "5"],
    ],
  ],
  [
    "extra that is not text",
    [
      ["biz-status", "1"],
      ["biz-extra", '{"a":1}'],
    ],
  ],
] as const)("answers 502 where the business status can't be read: %s", async (_, headers) => {
  replyHeaders = headers;
  expect(await pay()).toMatchObject({ status: 502, json: { code: "UPSTREAM_BAD_REPLY" } });
});

it("leaves a connection that the instance is about to close", async () => {
  replyHeaders = [["crrst", "1"]];
  const closed = once(server, "connection").then(([socket]) => once(socket as Socket, "close"));
  expect((await pay()).status).toBe(200);
  await closed;
  replyHeaders = [];
  expect((await pay()).status).toBe(200);
  expect(calls).toHaveLength(2);
});
