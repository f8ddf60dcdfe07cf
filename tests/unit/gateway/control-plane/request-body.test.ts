import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { BodyLease } from "../../../../gateway/src/control-plane/body-lease.ts";
import { readJsonBody } from "../../../../gateway/src/control-plane/request-body.ts";
import { ByteBudget } from "../../../../gateway/src/core/byte-budget.ts";

function requestOf(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  headers: Record<string, string> = {},
): IncomingMessage {
  return Object.assign(Readable.from(chunks, { objectMode: false }), { headers }) as unknown as IncomingMessage;
}

const lease = () => new BodyLease(new ByteBudget(1_000));
const json = Buffer.from('{"a":"ä"}');

test("the chunks may be cut anywhere", async () => {
  const bytes = Array.from(json, (byte) => Uint8Array.of(byte));
  expect(await readJsonBody(requestOf(bytes), 100, 64, lease())).toEqual({ a: "ä" });
});

test("a caller that goes away in the middle", async () => {
  const request = requestOf([]);
  const broken = Object.assign(new Readable({ read() {} }), { headers: {} }) as unknown as IncomingMessage;
  const reading = readJsonBody(broken, 100, 64, lease());
  broken.push("{");
  broken.destroy();
  await expect(reading).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
  await expect(readJsonBody(request, 100, 64, lease())).rejects.toMatchObject({ code: "INVALID_BODY" });
});

test("a body that declares too much is not read at all", async () => {
  const endless = (function* () {
    for (;;) yield Buffer.alloc(1);
  })();
  const reading = readJsonBody(requestOf(endless, { "content-length": "1000" }), 100, 64, lease());
  await expect(reading).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE", headers: { connection: "close" } });
});

test("one that declares nothing and does not end is read to twice its bound", async () => {
  let read = 0;
  const endless = (async function* () {
    for (;;) {
      read += 1;
      yield Buffer.alloc(10);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const request = requestOf(endless);
  await expect(readJsonBody(request, 100, 64, lease())).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
  request.destroy();
  expect(read).toBeLessThan(100);
});

describe("what somebody's own middleware has read already", () => {
  async function drained(body: unknown): Promise<IncomingMessage> {
    const request = requestOf([json]);
    for await (const _ of request);
    return Object.assign(request, { body });
  }

  test.each([
    ["bytes", json],
    ["text", json.toString()],
    ["an object", { a: "ä" }],
  ])("%s", async (_name, body) => {
    expect(await readJsonBody(await drained(body), 100, 64, lease())).toEqual({ a: "ä" });
  });

  test("and thrown away", async () => {
    await expect(readJsonBody(await drained(undefined), 100, 64, lease())).rejects.toMatchObject({ code: "INVALID_BODY" });
  });
});

test("bodies share a budget, and give back what they took", async () => {
  const budget = new ByteBudget(json.length + 1);
  const first = new BodyLease(budget);
  await readJsonBody(requestOf([json]), 100, 64, first);
  await expect(readJsonBody(requestOf([json]), 100, 64, new BodyLease(budget))).rejects.toMatchObject({ code: "OVERLOADED" });
  first.release();
  first.release();
  await readJsonBody(requestOf([json]), 100, 64, new BodyLease(budget));
});
