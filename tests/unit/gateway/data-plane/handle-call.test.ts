import { ReplyFault, RequestFault } from "@thriftgate/thrift";
import { afterEach, describe, expect, test } from "vitest";
import { ByteBudget } from "../../../../gateway/src/core/byte-budget.ts";
import { GatewayError } from "../../../../gateway/src/core/errors.ts";
import { type HttpLimits, type Listener, listenHttp } from "../../../../gateway/src/data-plane/http/listen.ts";
import { type Behaviour, type CallWorld, type CallWorldOptions, createCallWorld, echo } from "../../../support/call-doubles.ts";
import { type Front, fronts } from "../../../support/held-requests.ts";
import { RawConnection } from "../../../support/raw-http.ts";

const listeners: Listener[] = [];

afterEach(() => Promise.all(listeners.splice(0).map((listener) => listener.close(0))));

const limits: HttpLimits = {
  maxHeaderBytes: 16_384,
  maxHeaders: 200,
  maxConnections: 1_000,
  maxRequestsPerSocket: 0,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 5_000,
};

type Serve = (options?: CallWorldOptions) => Promise<CallWorld & { url: string }>;

async function serveBehind(front: Front, options: CallWorldOptions): Promise<CallWorld & { url: string }> {
  const world = createCallWorld(options);
  const listener = await listenHttp({
    host: "127.0.0.1",
    port: 0,
    requestListener: world.handler,
    calls: front === "net" ? { takes: () => true, onCall: world.handleCall } : undefined,
    limits,
  });
  listeners.push(listener);
  return { ...world, url: listener.url };
}

async function post(url: string, body = '{"a":1}', headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/Echo/echo`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}

async function get(url: string, query = "") {
  const response = await fetch(`${url}/Echo/echo${query}`);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}

const refused: Behaviour = { failure: new GatewayError("NO_HEALTHY_INSTANCE", "refused"), sent: false };
const lost: Behaviour = { failure: new GatewayError("UPSTREAM_CONNECTION_LOST", "lost"), sent: true };
const badBytes: Behaviour = { failure: new GatewayError("UPSTREAM_BAD_REPLY", "bad"), sent: true };
const tooLarge: Behaviour = { failure: new GatewayError("UPSTREAM_REPLY_TOO_LARGE", "large"), sent: true };
const timedOut: Behaviour = { failure: new GatewayError("UPSTREAM_TIMEOUT", "late"), sent: true };
const unknownMethod: Behaviour = { applicationException: 1 };
const kitexUnknownMethod: Behaviour = { applicationException: 20 };

describe.each(fronts)("%s front", (front) => {
  const serve: Serve = (options = {}) => serveBehind(front, options);

  describe("a call", () => {
    test("goes to the instance and back", async () => {
      const world = await serve();
      const { status, headers, body } = await post(world.url, '{"text":"é"}', { "x-request-id": "caller-1" });
      expect(status).toBe(200);
      expect(body).toEqual({ text: "é" });
      expect(headers.get("content-type")).toBe("application/json");
      expect(headers.get("content-length")).toBe("13");
      expect(headers.get("x-request-id")).toBe("caller-1");
      expect(headers.get("date")).not.toBeNull();
      expect(world.released).toEqual(["i1 answered"]);
    });

    test("by GET sends the query's arguments", async () => {
      const { url, sent } = await serve();
      expect((await get(url, "?a=1&b=x+y&a=%C3%A9")).status).toBe(200);
      expect(sent).toEqual(['[["a","1"],["b","x y"],["a","é"]]']);
    });

    test("without a body sends zero bytes", async () => {
      const { url, sent } = await serve({ instances: [{ reply: "null" }] });
      expect((await post(url, "")).status).toBe(200);
      expect(sent).toEqual([""]);
    });

    test("oneway answers 202 once it was sent", async () => {
      const { url, released } = await serve({ oneway: true });
      expect(await post(url)).toMatchObject({ status: 202, body: null });
      expect(released).toEqual(["i1 answered"]);
    });

    test("with a large answer", async () => {
      const reply = JSON.stringify("x".repeat(300_000));
      const { url } = await serve({ instances: [{ reply }] });
      expect(await (await fetch(`${url}/Echo/echo`)).text()).toBe(reply);
    });

    test("with a large answer gives its memory back once it was read", async () => {
      const reply = JSON.stringify("x".repeat(300_000));
      const budget = new ByteBudget(reply.length);
      const world = await serve({ instances: [{ reply }], budget });
      for (let call = 0; call < 3; call += 1) {
        const connection = await RawConnection.open(world.url);
        connection.send("GET /Echo/echo HTTP/1.1\r\nHost: a\r\n\r\n");
        expect((await connection.response())?.body).toHaveLength(reply.length);
        connection.close();
        await connection.closed();
        while (budget.takenBytes > 0) await new Promise(setImmediate);
      }
    });

    test("with a large answer → 503 when too many of them wait", async () => {
      const budget = new ByteBudget(100);
      const { url } = await serve({ instances: [{ reply: JSON.stringify("x".repeat(300_000)) }], budget });
      expect(await get(url)).toMatchObject({ status: 503, body: { code: "OVERLOADED" } });
      expect(budget.takenBytes).toBe(0);
    });

    test("whose body comes in many pieces", async () => {
      const body = JSON.stringify("y".repeat(900));
      const { url, sent } = await serve();
      const connection = await RawConnection.open(url);
      connection.socket.setNoDelay(true);
      connection.send("POST /Echo/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (const character of body) connection.send(`1\r\n${character}\r\n`);
      connection.send("0\r\n\r\n");
      expect(await connection.response()).toMatchObject({ status: 200, body });
      expect(sent).toEqual([body]);
      connection.close();
    });

    test("with a request id that is not sane gets one of ours", async () => {
      const { url } = await serve();
      for (const id of ["a b", "x".repeat(129), '"', "é"]) {
        const { headers } = await post(url, "{}", { "x-request-id": Buffer.from(id).toString("latin1") });
        expect(headers.get("x-request-id")).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/);
      }
    });
  });

  interface RetryRow {
    readonly name: string;
    readonly verb: "GET" | "POST";
    readonly world: CallWorldOptions;
    readonly status: number;
    readonly code?: string;
    readonly released: readonly string[];
  }

  const idempotent = { idempotent: true };
  const notIdempotent = { idempotent: false };

  const retryRows: readonly RetryRow[] = [
    {
      name: "refused, then taken",
      verb: "POST",
      world: { instances: [refused, echo] },
      status: 200,
      released: ["i1 connect-failed", "i2 answered"],
    },
    {
      name: "refused without any retry left in the budget",
      verb: "POST",
      world: { instances: [refused, refused, echo], mayRetry: false },
      status: 200,
      released: ["i1 connect-failed", "i2 connect-failed", "i3 answered"],
    },
    {
      name: "refused by all",
      verb: "GET",
      world: { instances: [refused, refused] },
      status: 503,
      code: "NO_HEALTHY_INSTANCE",
      released: ["i1 connect-failed", "i2 connect-failed"],
    },
    { name: "no instance", verb: "POST", world: { instances: [] }, status: 503, code: "NO_HEALTHY_INSTANCE", released: [] },
    {
      name: "POST lost",
      verb: "POST",
      world: { instances: [lost, echo] },
      status: 502,
      code: "UPSTREAM_CONNECTION_LOST",
      released: ["i1 lost"],
    },
    { name: "GET lost", verb: "GET", world: { instances: [lost, echo] }, status: 200, released: ["i1 lost", "i2 answered"] },
    {
      name: "GET lost, of a method that is not idempotent",
      verb: "GET",
      world: { instances: [lost, echo], options: notIdempotent },
      status: 502,
      code: "UPSTREAM_CONNECTION_LOST",
      released: ["i1 lost"],
    },
    {
      name: "POST lost, of an idempotent method",
      verb: "POST",
      world: { instances: [lost, echo], options: idempotent },
      status: 200,
      released: ["i1 lost", "i2 answered"],
    },
    {
      name: "GET lost with the budget used up",
      verb: "GET",
      world: { instances: [lost, echo], mayRetry: false },
      status: 502,
      code: "UPSTREAM_CONNECTION_LOST",
      released: ["i1 lost"],
    },
    {
      name: "GET lost, then refused by the rest",
      verb: "GET",
      world: { instances: [lost, refused] },
      status: 502,
      code: "UPSTREAM_CONNECTION_LOST",
      released: ["i1 lost", "i2 connect-failed"],
    },
    {
      name: "GET answered with bad bytes",
      verb: "GET",
      world: { instances: [badBytes, echo] },
      status: 200,
      released: ["i1 lost", "i2 answered"],
    },
    {
      name: "GET answered too largely",
      verb: "GET",
      world: { instances: [tooLarge, echo] },
      status: 502,
      code: "UPSTREAM_REPLY_TOO_LARGE",
      released: ["i1 lost"],
    },
    {
      name: "GET timed out",
      verb: "GET",
      world: { instances: [timedOut, echo] },
      status: 504,
      code: "UPSTREAM_TIMEOUT",
      released: ["i1 timed-out"],
    },
    {
      name: "refused after the deadline",
      verb: "GET",
      world: { instances: [refused, echo], options: { deadlineMs: 0 } },
      status: 504,
      code: "UPSTREAM_TIMEOUT",
      released: ["i1 connect-failed"],
    },
    {
      name: "lost after the deadline",
      verb: "GET",
      world: { instances: [lost, echo], options: { deadlineMs: 0 } },
      status: 502,
      code: "UPSTREAM_CONNECTION_LOST",
      released: ["i1 lost"],
    },
    {
      name: "POST to one that does not know the method",
      verb: "POST",
      world: { instances: [unknownMethod, kitexUnknownMethod, echo], mayRetry: false, options: notIdempotent },
      status: 200,
      released: ["i1 answered", "i2 answered", "i3 answered"],
    },
    {
      name: "a method that nobody knows",
      verb: "POST",
      world: { instances: [unknownMethod, unknownMethod, unknownMethod, unknownMethod] },
      status: 502,
      code: "UPSTREAM_UNKNOWN_METHOD",
      released: ["i1 answered", "i2 answered", "i3 answered"],
    },
    {
      name: "a method that the only instance does not know",
      verb: "POST",
      world: { instances: [kitexUnknownMethod] },
      status: 502,
      code: "UPSTREAM_UNKNOWN_METHOD",
      released: ["i1 answered"],
    },
  ];

  describe("retries", () => {
    test.each(retryRows)("$name → $status", async ({ verb, world, status, code, released }) => {
      const served = await serve(world);
      const answer = verb === "GET" ? await get(served.url, "?a=1") : await post(served.url);
      expect(answer.status).toBe(status);
      expect(answer.body.code).toBe(code);
      expect(served.released).toEqual(released);
      expect(served.lines).toHaveLength(1);
      expect(served.lines[0]!.attempts).toBe(released.length);
      if (status === 503) expect(answer.headers.get("retry-after")).toMatch(/^[0-9]+$/);
    });
  });

  describe("what instances answer", () => {
    const types: readonly [type: number, status: number, code: string][] = [
      [0, 500, "UPSTREAM_EXCEPTION"],
      [6, 500, "UPSTREAM_EXCEPTION"],
      [99, 500, "UPSTREAM_EXCEPTION"],
      [-1, 500, "UPSTREAM_EXCEPTION"],
      [11, 503, "OVERLOADED"],
      [12, 504, "UPSTREAM_TIMEOUT"],
      ...[2, 3, 4, 5, 7, 8, 9, 10, 21].map((type) => [type, 502, "UPSTREAM_BAD_REPLY"] as [number, number, string]),
    ];
    test.each(types)("TApplicationException %i → %i %s", async (applicationException, status, code) => {
      const { url, lines } = await serve({ instances: [{ applicationException }] });
      const answer = await post(url);
      expect(answer).toMatchObject({ status, body: { code, service: "Echo", method: "echo" } });
      expect(JSON.stringify(answer.body)).not.toContain("10.0.0.9");
      expect((lines[0]!.cause as Error).message).toContain("10.0.0.9:9090 said no");
    });

    test("a declared exception keeps its value to the digit", async () => {
      const json = Buffer.from('{"id":9007199254740993,"text":"é"}');
      const decodeResult = () => ({ kind: "exception", fieldId: 1, typeName: "Failed", json }) as const;
      const { url } = await serve({ codec: { decodeResult } });
      const response = await fetch(`${url}/Echo/echo`);
      expect(response.status).toBe(409);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      const text = await response.text();
      expect(text.endsWith(`,"value":${json.toString()}}`)).toBe(true);
      expect(Buffer.byteLength(text)).toBe(Number(response.headers.get("content-length")));
      expect(JSON.parse(text)).toMatchObject({
        code: "EXCEPTION",
        exception: "Failed",
        status: 409,
        service: "Echo",
        method: "echo",
      });
    });

    test.each([
      ["MALFORMED", 502, "UPSTREAM_BAD_REPLY"],
      ["MISSING_RESULT", 502, "UPSTREAM_BAD_REPLY"],
      ["TOO_LARGE", 502, "UPSTREAM_REPLY_TOO_LARGE"],
    ] as const)("a reply that is %s → %i %s", async (fault, status, code) => {
      const decodeResult = () => {
        throw new ReplyFault(fault, "at byte 7");
      };
      const { url, released } = await serve({ instances: [echo, echo], codec: { decodeResult } });
      expect(await get(url)).toMatchObject({ status, body: { code } });
      expect(released).toEqual(["i1 answered"]);
    });

    test("a codec that fails is our fault, and says nothing of itself", async () => {
      const decodeResult = () => {
        throw new TypeError("secret");
      };
      const { url, lines } = await serve({ codec: { decodeResult } });
      const { status, body } = await post(url);
      expect(status).toBe(500);
      expect(body.code).toBe("INTERNAL");
      expect(JSON.stringify(body)).not.toContain("secret");
      expect(lines[0]!.cause).toBeInstanceOf(TypeError);
    });
  });

  describe("what callers send", () => {
    test("a value that does not fit names its place", async () => {
      const encodeJson = () => {
        throw new RequestFault("OUT_OF_RANGE", "/a/0", "an i32 was expected");
      };
      const { url, called } = await serve({ codec: { encodeJson } });
      expect(await post(url)).toMatchObject({
        status: 400,
        body: {
          type: "/problems/out-of-range",
          code: "OUT_OF_RANGE",
          pointer: "/a/0",
          detail: "an i32 was expected",
          method: "echo",
        },
      });
      expect(called).toEqual([]);
    });

    test("a misspelt service and path bring the nearest names", async () => {
      const { url } = await serve();
      const service = await fetch(`${url}/echp/echo`);
      expect(await service.json()).toMatchObject({ status: 404, code: "SERVICE_NOT_FOUND", suggestions: ["Echo"] });
      const path = await fetch(`${url}/Echo/ehco?key=secret`);
      expect(path.status).toBe(404);
      const text = await path.text();
      expect(JSON.parse(text)).toMatchObject({ code: "ROUTE_NOT_FOUND", service: "Echo" });
      expect(text).not.toContain("secret");
    });

    test("a body after the call's deadline → 408", async () => {
      const { url, called } = await serve({ options: { deadlineMs: 0 } });
      expect(await post(url)).toMatchObject({ status: 408, body: { code: "REQUEST_TIMEOUT" } });
      expect(called).toEqual([]);
    });
  });

  describe("a caller that goes away", () => {
    test("while the instance works: its call is cancelled and counted", async () => {
      const world = await serve({ instances: ["never"] });
      const connection = await RawConnection.open(world.url);
      connection.send("GET /Echo/echo HTTP/1.1\r\nHost: a\r\n\r\n");
      await world.whenCalled(1);
      connection.close();
      await world.whenEnded(1);
      expect(world.cancelledCalls).toEqual(["i1"]);
      expect(world.released).toEqual(["i1 cancelled"]);
      expect(world.lines[0]).toMatchObject({ status: 499, code: "CLIENT_CLOSED" });
      expect(await world.metrics.registry.metrics()).toContain('thriftgate_client_closed_total{service="Echo",method="echo"} 1');
    });

    test("by hanging up, without a reset: the same", async () => {
      const world = await serve({ instances: ["never"] });
      const connection = await RawConnection.open(world.url);
      connection.send("GET /Echo/echo HTTP/1.1\r\nHost: a\r\n\r\n");
      await world.whenCalled(1);
      connection.socket.end();
      await world.whenEnded(1);
      expect(world.cancelledCalls).toEqual(["i1"]);
      expect(await connection.ended()).toBe(true);
    });

    test("in the middle of its body: nothing is called", async () => {
      const world = await serve();
      const connection = await RawConnection.open(world.url);
      connection.send("POST /Echo/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{");
      const other = post(world.url);
      await other;
      connection.close();
      await world.whenEnded(2);
      expect(world.called).toEqual(["i1"]);
      expect(world.lines[1]).toMatchObject({ status: 499 });
    });

    test("with requests in line behind the first: each is cancelled", async () => {
      const world = await serve({ instances: ["never"] });
      const connection = await RawConnection.open(world.url);
      // As many as run ahead of their turn.
      connection.send("GET /Echo/echo HTTP/1.1\r\nHost: a\r\n\r\n".repeat(17));
      await world.whenCalled(17);
      connection.close();
      await world.whenEnded(17);
      expect(world.cancelledCalls).toHaveLength(17);
      expect(new Set(world.lines.map(({ status }) => status))).toEqual(new Set([499]));
      expect(world.metrics.meter("Echo", "echo").inFlight).toBe(0);
    });
  });

  describe("figures", () => {
    test("count calls by status, and what had no route apart", async () => {
      const { url, metrics } = await serve({ instances: [lost] });
      await post(url);
      await get(url);
      await fetch(`${url}/nobody/x`);
      const text = await metrics.registry.metrics();
      expect(text).toContain('thriftgate_calls_total{service="Echo",method="echo",status="5xx"} 2');
      expect(text).toContain('thriftgate_calls_total{service="",method="",status="4xx"} 1');
      expect(text).toContain('thriftgate_calls_in_flight{service="Echo",method="echo"} 0');
      expect(text).toContain('thriftgate_retries_total{service="Echo",method="echo"} 1');
      expect(text).not.toContain("nobody");
    });
  });
});
