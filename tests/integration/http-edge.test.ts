import { once } from "node:events";
import { IncomingMessage, request, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpLimits, type Listener, type ListenOptions, listenHttp } from "../../gateway/src/data-plane/http/listen.ts";
import { type CallWorld, type CallWorldOptions, createCallWorld, echo } from "../support/call-doubles.ts";
import { type Front, fronts, holdRequests } from "../support/held-requests.ts";
import { exchange, RawConnection, type RawResponse } from "../support/raw-http.ts";

const limits: HttpLimits = {
  maxHeaderBytes: 16_384,
  maxHeaders: 200,
  maxConnections: 1_000,
  maxRequestsPerSocket: 0,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 5_000,
};
const maxCallBodyBytes = 100_000;

const listeners: Listener[] = [];

afterAll(() => Promise.all(listeners.map((listener) => listener.close(0))));

interface Edge extends CallWorld {
  readonly url: string;
  readonly listener: Listener;
  readonly refused: string[];
}

type Serve = (world?: CallWorldOptions, options?: Partial<ListenOptions>) => Promise<Edge>;

async function serveBehind(front: Front, world: CallWorldOptions, options: Partial<ListenOptions>): Promise<Edge> {
  const calls = createCallWorld({ ...world, limits: { maxCallBodyBytes, ...world.limits } });
  const refused: string[] = [];
  const listener = await listenHttp({
    host: "127.0.0.1",
    port: 0,
    requestListener: calls.handler,
    calls: front === "net" ? { takes: (target) => target.startsWith("/Echo/"), onCall: calls.handleCall } : undefined,
    limits,
    onRefused: (code) => refused.push(code),
    ...options,
  });
  listeners.push(listener);
  return { ...calls, url: listener.url, listener, refused };
}

function get(target: string, ...headers: string[]): string {
  return ["GET ", target, " HTTP/1.1\r\nHost: a\r\n", ...headers.map((header) => `${header}\r\n`), "\r\n"].join("");
}

function post(body: string, ...headers: string[]): string {
  const head = ["POST /Echo/echo HTTP/1.1", "Host: a", `Content-Length: ${Buffer.byteLength(body)}`, ...headers];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

function problemOf(response: RawResponse | undefined): Record<string, unknown> {
  expect(response?.headers["content-type"]).toBe("application/problem+json");
  const problem = JSON.parse(response!.body) as Record<string, unknown>;
  expect(problem).toMatchObject({ status: response!.status, requestId: response!.headers["x-request-id"] });
  expect(problem.type).toBe(`/problems/${String(problem.code).toLowerCase().replaceAll("_", "-")}`);
  for (const member of ["title", "detail"]) expect(problem[member]).toEqual(expect.any(String));
  return problem;
}

interface Row {
  readonly name: string;
  readonly bytes: string;
  readonly status: number;
  readonly code?: string;
  /** The connection closes after the answer. */
  readonly closes?: boolean;
  readonly allow?: string;
}

const chunked = "POST /Echo/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
const bad = { status: 400, code: "BAD_REQUEST", closes: true };
const badPath = { status: 400, code: "INVALID_PATH" };
const noRoute = { status: 404, code: "ROUTE_NOT_FOUND" };
const noService = { status: 404, code: "SERVICE_NOT_FOUND" };
const unsupported = { status: 415, code: "UNSUPPORTED_MEDIA_TYPE" };
const notAllowed = { status: 405, code: "METHOD_NOT_ALLOWED", allow: "GET, POST" };
const headersTooLarge = { status: 431, code: "HEADERS_TOO_LARGE", closes: true };
const tooLarge = { status: 413, code: "PAYLOAD_TOO_LARGE", closes: true };

const rows: readonly Row[] = [
  { name: "HTTP-001 no Host", bytes: "GET /Echo/echo HTTP/1.1\r\n\r\n", ...bad },
  { name: "HTTP-001 no Host, HTTP/1.0", bytes: "GET /Echo/echo HTTP/1.0\r\n\r\n", status: 200, closes: true },
  { name: "HTTP-002 two Hosts", bytes: get("/Echo/echo", "hOsT: b"), ...bad },
  { name: "HTTP-002 two Hosts, the same", bytes: get("/Echo/echo", "Host: a"), ...bad },
  { name: "two Content-Types", bytes: post("{}", "Content-Type: application/json", "content-type: text/plain"), ...bad },
  { name: "HTTP-006 HTTP/9.9", bytes: "GET /Echo/echo HTTP/9.9\r\nHost: a\r\n\r\n", ...bad },
  { name: "HTTP/2 without asking", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ...bad },
  { name: "not HTTP at all", bytes: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ...bad },
  {
    name: "HTTP-010 OPTIONS *",
    bytes: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    ...notAllowed,
    allow: "GET, POST, PUT",
    closes: true,
  },
  ...["DELETE", "PATCH", "PUT", "OPTIONS", "TRACE", "PROPFIND"].map((verb) => ({
    name: `HTTP-011 ${verb}`,
    bytes: `${verb} /Echo/echo HTTP/1.1\r\nHost: a\r\n\r\n`,
    ...notAllowed,
  })),
  { name: "HTTP-011 DELETE of nothing", bytes: "DELETE /Echo/nothing HTTP/1.1\r\nHost: a\r\n\r\n", ...noRoute },
  { name: "CONNECT", bytes: "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", ...notAllowed, allow: "GET, POST, PUT", closes: true },
  { name: "an unknown verb", bytes: "BREW /Echo/echo HTTP/1.1\r\nHost: a\r\n\r\n", ...bad },
  { name: "HTTP-012 absolute form", bytes: get("http://evil/Echo/echo?x=1"), status: 200 },
  { name: "HTTP-012 absolute form in capitals", bytes: get("HTTP://u:p@evil:1/Echo/echo"), status: 200 },
  { name: "HTTP-012 absolute form without a path", bytes: get("http://evil"), ...noRoute },
  { name: "HTTP-012 absolute form, of another service", bytes: get("http://Echo/evil/echo"), ...noService },
  { name: "another scheme", bytes: get("ftp://evil/Echo/echo"), ...badPath, closes: true },
  { name: "HTTP-014 %00", bytes: get("/Echo/echo%00"), ...badPath },
  ...["%2f", "%2F", "%5c", "%3b", "%25", "%3f", "%23", "%0d%0a", "%7f", "%1b"].map((escaped) => ({
    name: `HTTP-015 ${escaped}`,
    bytes: get(`/Echo/e${escaped}cho`),
    ...badPath,
  })),
  ...[
    "/Echo/%2e%2e%2fadmin",
    "/Echo/../admin",
    "/Echo/%2E%2e/x",
    "/./Echo/echo",
    "/Echo/echo/..",
    "/Echo/.",
    "/../Echo/echo",
    "/Echo/.%2e",
  ].map((target) => ({ name: `HTTP-016 ${target}`, bytes: get(target), ...badPath })),
  ...["//Echo//echo", "/Echo/echo/", "/Echo//echo", "/", "/Echo/", "/Echo", "//", "/Echo/echo/more"].map((target) => ({
    name: `HTTP-017 ${target}`,
    bytes: get(target),
    ...noRoute,
  })),
  ...["/Echo/%zz", "/Echo/%", "/Echo/echo%2", "/Echo/%c3%28", "/Echo/%ed%a0%80", "/Echo/a\\b", "/Echo/a|b", '/Echo/"'].map(
    (target) => ({ name: `HTTP-018 ${JSON.stringify(target)}`, bytes: get(target), ...badPath }),
  ),
  { name: "an escape that needs none", bytes: get("/%45cho/ech%6F"), status: 200 },
  ...["/__proto__/constructor", "/constructor/toString", "/hasOwnProperty/x", "/%5f_proto__/echo"].map((target) => ({
    name: `HTTP-020 ${target}`,
    bytes: get(target),
    ...noService,
  })),
  ...["/Echo/__proto__", "/Echo/constructor", "/Echo/get"].map((target) => ({
    name: `HTTP-020 ${target}`,
    bytes: get(target),
    ...noRoute,
  })),
  { name: "HTTP-021 long service", bytes: get(`/${"s".repeat(300)}/x`), ...noService },
  { name: "HTTP-021 long path", bytes: get(`/Echo/${"p".repeat(4_096)}`), ...noRoute },
  { name: "HTTP-022 17 KiB target", bytes: get(`/Echo/${"p".repeat(17_408)}`), ...headersTooLarge },
  { name: "a 17 KiB header", bytes: get("/Echo/echo", `x: ${"y".repeat(17_408)}`), ...headersTooLarge },
  {
    name: "HTTP-024 2,500 headers",
    bytes: get("/Echo/echo", ...Array<string>(2_500).fill("a:b"), "x-auth: 1"),
    ...headersTooLarge,
  },
  { name: "HTTP-024 201 headers", bytes: get("/Echo/echo", ...Array<string>(200).fill("a:b")), ...headersTooLarge },
  { name: "HTTP-024 200 headers", bytes: get("/Echo/echo", ...Array<string>(199).fill("a:b")), status: 200 },
  { name: "HTTP-027 bare LF", bytes: "GET /Echo/echo HTTP/1.1\nHost: a\n\n", ...bad },
  { name: "HTTP-030 a name with (", bytes: get("/Echo/echo", "x(y: z"), ...bad },
  { name: "HTTP-030 an empty name", bytes: get("/Echo/echo", ": x"), ...bad },
  { name: "a space before the colon", bytes: get("/Echo/echo", "x : y"), ...bad },
  { name: "a folded header", bytes: get("/Echo/echo", "x: y", " z"), ...bad },
  { name: "a NUL in a header", bytes: get("/Echo/echo", "x: y\0z"), ...bad },
  { name: "HTTP-031 __proto__ as a header", bytes: get("/Echo/echo", "__proto__: x", "constructor: y"), status: 200 },
  { name: "HTTP-036 two lengths that differ", bytes: post("{}", "Content-Length: 3"), ...bad },
  { name: "HTTP-036 two lengths, the same", bytes: post("{}", "Content-Length: 2"), ...bad },
  { name: "HTTP-036 a list of lengths", bytes: "POST /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\n{}", ...bad },
  { name: "a negative length", bytes: "POST /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\n{}", ...bad },
  { name: "a length and chunks", bytes: post("0\r\n\r\n", "Transfer-Encoding: chunked"), ...bad },
  { name: "HTTP-042 chunk lines ended by LF", bytes: `${chunked}\r\n2\n{}\r\n0\r\n\r\n`, ...bad },
  { name: "HTTP-042 chunk data without an end", bytes: `${chunked}\r\n2\r\n{}0\r\n\r\n`, ...bad },
  { name: "HTTP-042 LF in a chunk extension", bytes: `${chunked}\r\n2;a\nb\r\n{}\r\n0\r\n\r\n`, ...bad },
  { name: "a chunk size that is none", bytes: `${chunked}\r\nzz\r\n{}\r\n0\r\n\r\n`, ...bad },
  { name: "a chunk size of 17 digits", bytes: `${chunked}\r\n${"f".repeat(17)}\r\n`, ...bad },
  { name: "a transfer coding that is not chunked", bytes: post("{}", "Transfer-Encoding: gzip"), ...bad },
  {
    name: "a transfer coding beside chunked",
    bytes: `${chunked.replace("chunked", "gzip, chunked")}\r\n0\r\n\r\n`,
    ...bad,
  },
  {
    name: "HTTP-038 a huge length",
    bytes: "POST /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\nabc",
    ...tooLarge,
  },
  {
    name: "a length beyond any number",
    bytes: `POST /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${"9".repeat(40)}\r\n\r\n`,
    ...bad,
  },
  { name: "JSON-008 chunks over the bound", bytes: `${chunked}\r\n186a1\r\n${"x".repeat(100_001)}\r\n`, ...tooLarge },
  { name: "a body of just the bound", bytes: post(" ".repeat(100_000)), status: 200 },
  {
    name: "HTTP-048 an expectation over the bound",
    bytes: "POST /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\nExpect: 100-continue\r\n\r\n",
    ...tooLarge,
  },
  {
    name: "HTTP-049 another expectation",
    bytes: post("{}", "Expect: bogus"),
    status: 417,
    code: "EXPECTATION_FAILED",
    closes: true,
  },
  { name: "HTTP-057 hop-by-hop names", bytes: get("/Echo/echo", "Connection: x-api-key, host", "x-api-key: k"), status: 200 },
  { name: "an upgrade that nobody offers", bytes: get("/Echo/echo", "Connection: Upgrade", "Upgrade: websocket"), status: 200 },
  ...[
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "application/jsonx",
    "application/",
    "",
    "json",
  ].map((type) => ({ name: `JSON-003 ${type}`, bytes: post("{}", `Content-Type: ${type}`), ...unsupported })),
  ...["utf-16", "foo", "iso-8859-1", '"', ""].map((charset) => ({
    name: `JSON-004 charset=${charset}`,
    bytes: post("{}", `Content-Type: application/json; charset=${charset}`),
    ...unsupported,
  })),
  ...[
    "application/json",
    "Application/JSON",
    "application/json;charset=utf-8",
    'application/json ; Charset="UTF-8"',
    "application/vnd.api+json",
    "application/json; profile=x",
  ].map((type) => ({ name: `JSON-004 ${type}`, bytes: post("{}", `Content-Type: ${type}`), status: 200 })),
  ...["foo", "gzip", "gzip, gzip", "br"].map((coding) => ({
    name: `JSON-005 Content-Encoding: ${coding}`,
    bytes: post("{}", `Content-Encoding: ${coding}`),
    ...unsupported,
  })),
  { name: "JSON-005 identity", bytes: post("{}", "Content-Encoding: Identity"), status: 200 },
  { name: "QUERY-006 brackets are plain letters", bytes: get("/Echo/echo?a[b]=1&a[]=1&__proto__[x]=1"), status: 200 },
  { name: "QUERY-008 201 arguments", bytes: get(`/Echo/echo?${"a=1&".repeat(201)}`), status: 400, code: "LIMIT_EXCEEDED" },
  { name: "QUERY-008 3,000 arguments", bytes: get(`/Echo/echo?${"a=1&".repeat(3_000)}`), status: 400, code: "LIMIT_EXCEEDED" },
  { name: "QUERY-010 %00", bytes: get("/Echo/echo?x=%00"), status: 200 },
  { name: "a query with a lone %", bytes: get("/Echo/echo?x=%"), status: 400, code: "BAD_REQUEST" },
  { name: "a query that is not UTF-8", bytes: get("/Echo/echo?x=%ff"), status: 400, code: "INVALID_UTF8" },
  { name: "a path with raw bytes", bytes: get("/Echo/\xc3\xa9"), ...bad },
  { name: "a query with raw bytes", bytes: get("/Echo/echo?x=\xc3\xa9"), ...bad },
  { name: "a fragment", bytes: get("/Echo/echo?x=1#y"), ...badPath },
  {
    name: "QUERY-013 GET with a body",
    bytes: "GET /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    status: 400,
    code: "BAD_REQUEST",
  },
  {
    name: "QUERY-013 GET with chunks",
    bytes: `${chunked.replace("POST", "GET")}\r\n0\r\n\r\n`,
    status: 400,
    code: "BAD_REQUEST",
    closes: true,
  },
  { name: "GET with an empty body", bytes: get("/Echo/echo", "Content-Length: 0"), status: 200 },
];

/** As app.ts does it: objects that have Express's prototypes from the start. */
function expressClasses(app: Express): Pick<ListenOptions, "IncomingMessage" | "ServerResponse"> {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse extends ServerResponse {}
  app.request = Object.setPrototypeOf(ExpressRequest.prototype, app.request) as typeof app.request;
  app.response = Object.setPrototypeOf(ExpressResponse.prototype, app.response) as typeof app.response;
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse as typeof ServerResponse };
}

describe.each(fronts)("%s front", (front) => {
  const serve: Serve = (world = {}, options = {}) => serveBehind(front, world, options);

  describe("raw requests", () => {
    let edge: Edge;
    beforeAll(async () => {
      edge = await serve();
    });

    test.each(rows)("$name → $status", async ({ bytes, status, code, closes = false, allow }) => {
      const connection = await RawConnection.open(edge.url);
      connection.send(bytes);
      const response = await connection.response();
      expect(response?.status).toBe(status);
      if (code !== undefined) expect(problemOf(response).code).toBe(code);
      expect(response?.headers.allow).toBe(allow);
      for (const name of ["x-powered-by", "etag"]) expect(response?.headers).not.toHaveProperty(name);
      if (closes) expect(await connection.ended()).toBe(true);
      else {
        connection.send(get("/Echo/echo"));
        expect((await connection.response())?.status).toBe(200);
      }
      connection.close();
      expect((await exchange(edge.url, post("{}")))?.status).toBe(200);
    });

    test("HTTP-011 HEAD → 405 without a body", async () => {
      const connection = await RawConnection.open(edge.url);
      connection.send("HEAD /Echo/echo HTTP/1.1\r\nHost: a\r\n\r\n");
      expect(await connection.response(true)).toMatchObject({ status: 405, headers: { allow: "GET, POST" } });
      connection.send(get("/Echo/echo"));
      expect((await connection.response())?.status).toBe(200);
      connection.close();
    });

    test("HTTP-048 an expectation within the bound: 100, then the answer", async () => {
      const connection = await RawConnection.open(edge.url);
      connection.send("POST /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
      expect((await connection.response())?.status).toBe(100);
      connection.send("{}");
      expect(await connection.response()).toMatchObject({ status: 200, body: "{}" });
      connection.close();
    });

    test("HTTP-045 garbage behind a request: its answer, then 400", async () => {
      for (const garbage of ["\0", "garbage\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"]) {
        const connection = await RawConnection.open(edge.url);
        connection.send(post('{"first":1}') + garbage);
        expect(await connection.response()).toMatchObject({ status: 200, body: '{"first":1}' });
        const second = await connection.response();
        expect(second?.status).toBe(400);
        expect(problemOf(second).code).toBe("BAD_REQUEST");
        expect(await connection.ended()).toBe(true);
      }
    });

    test("what follows a refused request is never run", async () => {
      const called = edge.called.length;
      for (const refused of [
        "GET /Echo/echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "POST /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
      ]) {
        const connection = await RawConnection.open(edge.url);
        connection.send(refused + get("/Echo/echo"));
        expect((await connection.response())?.status).toBeGreaterThanOrEqual(400);
        expect(await connection.ended()).toBe(true);
      }
      expect(edge.called).toHaveLength(called);
    });

    test("HTTP-047 50 and 10,000 pipelined requests are answered in order", async () => {
      for (const count of [50, 10_000]) {
        const connection = await RawConnection.open(edge.url);
        let bytes = "";
        for (let index = 0; index < count; index += 1) bytes += get(`/Echo/echo?n=${index}`);
        connection.send(bytes);
        for (let index = 0; index < count; index += 1) {
          const response = await connection.response();
          if (response?.body !== `[["n","${index}"]]`) throw new Error(`answer ${index}: ${JSON.stringify(response)}`);
        }
        connection.close();
      }
    });

    test("HTTP-038 a caller that goes on sending reads its 413", async () => {
      const connection = await RawConnection.open(edge.url);
      connection.send("POST /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n");
      const drip = setInterval(() => connection.send("x".repeat(1_000)), 5);
      const response = await connection.response();
      expect(response?.status).toBe(413);
      expect(response?.headers.connection).toBe("close");
      expect(await connection.ended()).toBe(true);
      await connection.closed();
      clearInterval(drip);
    });

    test("JSON-008 a chunked upload without end is cut off, and its 413 is read", async () => {
      const connection = await RawConnection.open(edge.url);
      connection.send(`${chunked}\r\n`);
      const piece = `2000\r\n${"x".repeat(0x2000)}\r\n`;
      const flood = setInterval(() => connection.send(piece), 1);
      const response = await connection.response();
      clearInterval(flood);
      expect(problemOf(response).code).toBe("PAYLOAD_TOO_LARGE");
      expect(await connection.ended()).toBe(true);
    });

    test("a fault in the middle of a body is answered once", async () => {
      const connection = await RawConnection.open(edge.url);
      connection.send(`${chunked}\r\n2\r\n{}\r\n`);
      connection.send("not a size\r\n");
      expect(problemOf(await connection.response()).code).toBe("BAD_REQUEST");
      expect(await connection.response()).toBeUndefined();
    });

    test("refusals are counted by code", () => {
      expect(new Set(edge.refused)).toEqual(
        new Set(["BAD_REQUEST", "METHOD_NOT_ALLOWED", "INVALID_PATH", "HEADERS_TOO_LARGE", "EXPECTATION_FAILED"]),
      );
    });
  });

  describe.concurrent("slow callers", () => {
    test("HTTP-051 a head that drips → 408", async () => {
      const edge = await serve({}, { limits: { ...limits, headersTimeoutMs: 50 } });
      const connection = await RawConnection.open(edge.url);
      connection.send("GET /Echo/echo HTTP/1.1\r\nHost: a\r\n");
      const drip = setInterval(() => connection.send("x: y\r\n"), 20);
      const response = await connection.response();
      clearInterval(drip);
      expect(problemOf(response).code).toBe("REQUEST_TIMEOUT");
      expect(await connection.ended()).toBe(true);
    });

    test("a body that never ends → 408", async () => {
      const edge = await serve({}, { limits: { ...limits, headersTimeoutMs: 50, requestTimeoutMs: 50 } });
      const connection = await RawConnection.open(edge.url);
      connection.send("POST /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{");
      expect(problemOf(await connection.response()).code).toBe("REQUEST_TIMEOUT");
      expect(await connection.ended()).toBe(true);
      await edge.whenEnded(1);
      expect(edge.called).toEqual([]);
    });

    test("a body that never ends, of the last request that a connection may have → 408", async () => {
      const edge = await serve(
        {},
        { limits: { ...limits, maxRequestsPerSocket: 1, headersTimeoutMs: 50, requestTimeoutMs: 50 } },
      );
      const connection = await RawConnection.open(edge.url);
      connection.send("POST /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{");
      expect(problemOf(await connection.response()).code).toBe("REQUEST_TIMEOUT");
      expect(await connection.ended()).toBe(true);
    });

    test("a connection that says nothing is closed without a word", async () => {
      const edge = await serve({}, { limits: { ...limits, headersTimeoutMs: 50 } });
      const connection = await RawConnection.open(edge.url);
      expect(await connection.ended()).toBe(true);
    });

    test("HTTP-056 connections over the bound are refused, the others served", async () => {
      const edge = await serve({}, { limits: { ...limits, maxConnections: 2 } });
      const kept = [await RawConnection.open(edge.url), await RawConnection.open(edge.url)];
      const tooMany = await RawConnection.open(edge.url);
      expect(await tooMany.ended()).toBe(true);
      for (const connection of kept) {
        connection.send(get("/Echo/echo"));
        expect((await connection.response())?.status).toBe(200);
        connection.close();
      }
    });

    test("the bound of requests on a connection closes it cleanly", async () => {
      const edge = await serve({}, { limits: { ...limits, maxRequestsPerSocket: 3 } });
      const connection = await RawConnection.open(edge.url);
      connection.send(get("/Echo/echo").repeat(10));
      const answers = [await connection.response(), await connection.response(), await connection.response()];
      expect(answers.map((answer) => answer?.status)).toEqual([200, 200, 200]);
      expect(answers.at(-1)?.headers.connection).toBe("close");
      expect(await connection.ended()).toBe(true);
      expect(edge.called).toHaveLength(3);
    });
  });

  describe("close", () => {
    test("finishes what is under way, tells it to go, and takes nothing new", async () => {
      const { held, options, until } = holdRequests(front);
      const edge = await serve({}, options);
      const idle = await RawConnection.open(edge.url);
      idle.send(get("/"));
      const busy = await RawConnection.open(edge.url);
      busy.send(get("/"));
      const fresh = await RawConnection.open(edge.url);
      await until(2);
      held[0]!.end("idle");
      expect((await idle.response())?.status).toBe(200);

      let closed = false;
      const closing = edge.listener.close(10_000).then(() => {
        closed = true;
      });
      expect(edge.listener.closing).toBe(true);
      expect(await idle.ended()).toBe(true);
      expect(await fresh.ended()).toBe(true);
      await expect(RawConnection.open(edge.url)).rejects.toThrow();
      expect(closed).toBe(false);
      held[1]!.end("done");
      const response = await busy.response();
      expect(response?.headers.connection).toBe("close");
      expect(await busy.ended()).toBe(true);
      await closing;
    });

    test("a request whose head was on its way is answered, and told to go", async () => {
      const edge = await serve();
      const connection = await RawConnection.open(edge.url);
      const [first, rest] = ["GET /Echo/echo HTTP/1.1\r\nHo", "st: a\r\n\r\n"];
      connection.send(get("/Echo/echo") + first);
      await connection.response();
      const closing = edge.listener.close(10_000);
      connection.send(rest);
      expect(await connection.response()).toMatchObject({ status: 200, headers: { connection: "close" } });
      await closing;
    });

    test("cuts off what does not end in time", async () => {
      const edge = await serve({ instances: ["never"] });
      const connection = await RawConnection.open(edge.url);
      connection.send(get("/Echo/echo"));
      await edge.whenCalled(1);
      await Promise.all([edge.listener.close(20), connection.closed()]);
      await edge.whenEnded(1);
      expect(edge.cancelledCalls).toEqual(["i1"]);
    });

    test("twice is once", async () => {
      const edge = await serve();
      expect(edge.listener.close(0)).toBe(edge.listener.close(1_000));
    });
  });

  describe("listen", () => {
    test("names its url, also in IPv6", async () => {
      const { listener } = await serve();
      expect(listener.url).toBe(`http://127.0.0.1:${listener.address.port}`);
      const six = await serve({}, { host: "::1" });
      expect(six.url).toBe(`http://[::1]:${six.listener.address.port}`);
      expect((await exchange(six.url, get("/Echo/echo")))?.status).toBe(200);
    });

    test("says why it cannot", async () => {
      const { address } = (await serve()).listener;
      const options = { requestListener: () => undefined, limits };
      await expect(listenHttp({ ...options, host: "127.0.0.1", port: address.port })).rejects.toThrow(
        `cannot listen on 127.0.0.1:${address.port}: another process uses the port`,
      );
      await expect(listenHttp({ ...options, host: "192.0.2.1", port: 0 })).rejects.toThrow("this machine has no such address");
    });
  });

  describe("beside Express", () => {
    test("with its prototypes from the start, a call's answer has none of its headers", async () => {
      const app = express();
      app.get("/ping", (_req, res) => void res.json({ message: "pong" }));
      const { handler } = createCallWorld();
      const edge = await serve(
        {},
        {
          requestListener: (req, res) => (req.url === "/ping" ? app(req, res) : handler(req, res)),
          ...expressClasses(app),
        },
      );
      const ping = await fetch(`${edge.url}/ping`);
      expect(await ping.json()).toEqual({ message: "pong" });
      const call = await fetch(`${edge.url}/Echo/echo`);
      expect(call.status).toBe(200);
      expect([...call.headers.keys()]).toEqual([
        "connection",
        "content-length",
        "content-type",
        "date",
        "keep-alive",
        "x-request-id",
      ]);
    });

    test("as middleware in somebody's own app", async () => {
      const app = express();
      const { handler } = createCallWorld();
      app.use("/api", handler);
      const server = app.listen(0, "127.0.0.1");
      await once(server, "listening");
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const call = await fetch(`${url}/api/Echo/echo`, {
        method: "POST",
        body: "{}",
        headers: { "content-type": "application/json" },
      });
      expect(call.status).toBe(200);
      expect(call.headers.get("x-powered-by")).toBeNull();
      server.close();
    });

    test("behind a body parser says what is wrong to the log", async () => {
      const app = express();
      const world = createCallWorld();
      app.use(express.json(), world.handler);
      const server = app.listen(0, "127.0.0.1");
      await once(server, "listening");
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const call = await fetch(`${url}/Echo/echo`, {
        method: "POST",
        body: "{}",
        headers: { "content-type": "application/json" },
      });
      expect(call.status).toBe(500);
      expect(String(world.lines[0]?.cause)).toContain("before any body parser");
      server.close();
    });
  });

  describe("large answers", () => {
    test("REPLY-042 a caller that does not read is waited for, and gets all of it", async () => {
      const reply = JSON.stringify("z".repeat(4_000_000));
      const edge = await serve({ instances: [{ reply }, echo] });
      const [response] = (await once(request(`${edge.url}/Echo/echo`).end(), "response")) as [IncomingMessage];
      expect((await fetch(`${edge.url}/Echo/echo`)).status).toBe(200);
      let length = 0;
      for await (const chunk of response) length += (chunk as Buffer).length;
      expect(length).toBe(reply.length);
    });
  });
});
