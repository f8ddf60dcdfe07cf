import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Caller } from "../../../../../../gateway/src/data-plane/http/caller.ts";
import {
  FrontConnection,
  type FrontContext,
  type FrontTimeouts,
} from "../../../../../../gateway/src/data-plane/http/front/front-connection.ts";
import { ResponseHead } from "../../../../../../gateway/src/data-plane/http/front/response-head.ts";
import { RawConnection } from "../../../../../support/raw-http.ts";

let server: Server | undefined;
afterEach(() => void server?.close());

const timeouts: FrontTimeouts = { headersTimeoutMs: 10_000, requestTimeoutMs: 60_000, keepAliveTimeoutMs: 5_000 };

/** One connection of a front, its other end, and all that becomes of it. */
async function open() {
  const calls: Caller[] = [];
  const bodies: string[] = [];
  const events: string[] = [];
  const handedOver: string[] = [];
  let changed: () => void = () => undefined;
  const tell = (event: string) => {
    events.push(event);
    changed();
  };
  const context: FrontContext = {
    bounds: { maxHeaderBytes: 1_000, maxHeaders: 10 },
    maxRequestsPerSocket: 0,
    responseHead: new ResponseHead(timeouts.keepAliveTimeoutMs),
    takes: (target) => target.startsWith("/a/"),
    onCall(caller) {
      calls.push(caller);
      caller.watch({ onAnswerClosed: () => tell("closed") });
      if (caller.headers["content-length"] !== undefined) {
        const onBody = (body: Uint8Array) => {
          bodies.push(Buffer.from(body).toString());
          tell("body");
        };
        caller.readBody(1_000_000, { onBody, onBodyFault: ({ code }) => tell(code), reserve: () => true });
      }
      tell("call");
    },
    onRefused: (code) => tell(code),
    handOver(_socket, bytes, requests) {
      handedOver.push(`${requests} ${bytes.toString("latin1")}`);
      tell("handed over");
    },
    onGone: () => tell("gone"),
    nowMs: 0,
    closing: false,
  };
  server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const [client, [socket]] = await Promise.all([
    RawConnection.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    once(server, "connection") as Promise<[Socket]>,
  ]);
  const connection = new FrontConnection(context, socket);
  return {
    ...{ context, client, socket, connection, calls, bodies, handedOver, events },
    async until(event: string, times = 1): Promise<void> {
      while (events.filter((each) => each === event).length < times) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    },
    async read(bytes: number): Promise<void> {
      while (socket.bytesRead < bytes) await new Promise(setImmediate);
    },
    expire: (nowMs: number) => connection.expire(nowMs, timeouts, 1_000),
  };
}

function answer(caller: Caller | undefined, body: string | Buffer = "ok"): void {
  const bytes = Buffer.from(body);
  caller!.answer(200, ["content-length", String(bytes.length)], bytes);
}

const get = "GET /a/b HTTP/1.1\r\nHost: x\r\n\r\n";

function post(length: number): string {
  return `POST /a/b HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;
}

test("one request after the other", async () => {
  const { client, calls, until } = await open();
  for (let count = 1; count <= 3; count += 1) {
    client.send(get);
    await until("call", count);
    answer(calls.at(-1), `answer ${count}`);
    expect((await client.response())?.body).toBe(`answer ${count}`);
  }
  client.close();
});

test("a small answer is one write", async () => {
  const { client, socket, calls, until } = await open();
  const writes: unknown[] = [];
  const write = socket.write.bind(socket) as (...all: unknown[]) => boolean;
  socket.write = (...all: unknown[]) => {
    writes.push(all[0]);
    return write(...all);
  };
  client.send(get);
  await until("call");
  answer(calls[0], '"é"');
  expect((await client.response())?.body).toBe('"é"');
  expect(writes).toHaveLength(1);
  client.close();
});

test("a body in pieces, the first with the head, the last with what follows", async () => {
  const { client, bodies, calls, handedOver, until, read } = await open();
  client.send(`${post(6)}ab`);
  await until("call");
  expect(calls[0]!.complete).toBe(false);
  client.send("cd");
  await read(post(6).length + 4);
  client.send(`ef${get}`);
  await until("body");
  expect(bodies).toEqual(["abcdef"]);
  expect(calls[0]!.complete).toBe(true);
  expect(handedOver).toEqual([]);
  answer(calls[0]);
  await until("handed over");
  expect(handedOver).toEqual([`1 ${get}`]);
  expect((await client.response())?.body).toBe("ok");
});

test("answered before its body is there: the rest is dropped, and the next is read", async () => {
  const { client, bodies, calls, until, read } = await open();
  client.send(post(6));
  await until("call");
  answer(calls[0], "early");
  expect((await client.response())?.body).toBe("early");
  await until("closed");
  const head = post(6).length;
  client.send("abc");
  await read(head + 3);
  client.send("def");
  await read(head + 6);
  client.send(get);
  await until("call", 2);
  answer(calls[1], "next");
  expect((await client.response())?.body).toBe("next");
  expect(bodies).toEqual([]);
});

test.each([
  ["another request behind it", get + get],
  ["no call", "GET /c HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["a large body", `${post(65_537)}x`],
  ["half a head", get.slice(0, 20)],
  ["a long head", `GET /a/${"b".repeat(1_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
])("to node:http goes %s", async (_, bytes) => {
  const { client, handedOver, calls, until } = await open();
  client.send(bytes);
  await until("handed over");
  expect(handedOver).toEqual([`0 ${bytes}`]);
  expect(calls).toEqual([]);
});

test("while an answer is due, little more is read", async () => {
  const { client, socket, calls, until, handedOver } = await open();
  client.send(get);
  await until("call");
  client.send("x".repeat(4_000_000));
  while (!socket.isPaused()) await new Promise(setImmediate);
  const read = socket.bytesRead;
  expect(read).toBeLessThan(500_000);
  answer(calls[0]);
  await until("handed over");
  expect(handedOver[0]!.length).toBeLessThan(500_000);
  expect(socket.bytesRead).toBeLessThan(1_000_000);
  client.close();
});

test("a caller that goes away", async () => {
  const { client, calls, until } = await open();
  client.send(get);
  await until("call");
  client.close();
  await until("closed");
  await until("gone");
  expect(calls[0]!.gone).toBe(true);
  answer(calls[0]);
});

test("a caller that hangs up in the middle of a body → 400", async () => {
  const { client, until, events } = await open();
  client.send(`${post(6)}ab`);
  await until("call");
  client.socket.end();
  await until("closed");
  expect(await client.response()).toMatchObject({ status: 400, headers: { connection: "close" } });
  expect(events).toContain("BAD_REQUEST");
});

test("a body that takes too long → 408, not a moment early", async () => {
  const { client, until, expire, events } = await open();
  client.send(`${post(6)}ab`);
  await until("call");
  expire(60_999);
  expect(events).toEqual(["call"]);
  expire(61_000);
  expect(events).toEqual(["call", "REQUEST_TIMEOUT", "closed"]);
  expect(await client.response()).toMatchObject({ status: 408, headers: { connection: "close" } });
  expect(await client.ended()).toBe(true);
});

test("the rest of a body that was answered takes too long → 408 as well", async () => {
  const { client, calls, until, expire } = await open();
  client.send(`${post(6)}ab`);
  await until("call");
  answer(calls[0]);
  await until("closed");
  expire(61_000);
  expect((await client.response())?.status).toBe(200);
  expect((await client.response())?.status).toBe(408);
  expect(await client.ended()).toBe(true);
});

test("an idle connection ends: before its first request, and after one", async () => {
  const fresh = await open();
  fresh.expire(10_999);
  expect(fresh.socket.destroyed).toBe(false);
  fresh.expire(11_000);
  expect(await fresh.client.ended()).toBe(true);

  const kept = await open();
  kept.client.send(get);
  await kept.until("call");
  kept.expire(1_000_000);
  kept.context.nowMs = 20_000;
  answer(kept.calls[0]);
  await kept.until("closed");
  kept.expire(25_999);
  expect(kept.socket.destroyed).toBe(false);
  kept.expire(26_000);
  expect((await kept.client.response())?.body).toBe("ok");
  expect(await kept.client.ended()).toBe(true);
});

test("who reads a large answer too slowly is cut off", async () => {
  const { client, socket, calls, until, expire, events } = await open();
  client.socket.pause();
  client.send(get);
  await until("call");
  const large = Buffer.alloc(12_800_000, "x");
  const beforeMs = performance.now();
  answer(calls[0], large);
  expect(events).toEqual(["call"]);
  expire(beforeMs + 109_000);
  expect(socket.destroyed).toBe(false);
  expire(performance.now() + 110_000);
  expect(socket.destroyed).toBe(true);
  await until("closed");
});

test("a large answer to a slow reader is whole, and its bytes are the answer's own", async () => {
  const { client, calls, until } = await open();
  client.socket.pause();
  client.send(get);
  await until("call");
  const large = Buffer.alloc(4_000_000, "x");
  answer(calls[0], large);
  large.fill("y");
  client.socket.resume();
  expect((await client.response())?.body).toBe("x".repeat(4_000_000));
  await until("closed");
  client.send(get);
  await until("call", 2);
  client.close();
});

test("when the listener closes: what is idle goes at once, what is not with its answer", async () => {
  const idle = await open();
  idle.context.closing = true;
  idle.connection.drain();
  expect(await idle.client.ended()).toBe(true);

  const busy = await open();
  busy.client.send(get);
  await busy.until("call");
  busy.context.closing = true;
  busy.connection.drain();
  answer(busy.calls[0]);
  expect(await busy.client.response()).toMatchObject({ status: 200, headers: { connection: "close" } });
  expect(await busy.client.ended()).toBe(true);
  await busy.until("gone");

  const dropping = await open();
  dropping.client.send(post(6));
  await dropping.until("call");
  answer(dropping.calls[0]);
  await dropping.until("closed");
  dropping.context.closing = true;
  dropping.connection.drain();
  expect((await dropping.client.response())?.status).toBe(200);
  expect(await dropping.client.ended()).toBe(true);
});
