import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { ByteBudget } from "../../../../../gateway/src/core/byte-budget.ts";
import type { GatewayError } from "../../../../../gateway/src/core/errors.ts";
import { readBody } from "../../../../../gateway/src/data-plane/http/body.ts";

function read(chunks: Iterable<Uint8Array>, maxBytes = 1_000, budget = new ByteBudget(Number.MAX_SAFE_INTEGER)) {
  const request = new EventEmitter() as IncomingMessage;
  const bodies: Uint8Array[] = [];
  const faults: string[] = [];
  readBody(request, maxBytes, {
    onBody: (body) => bodies.push(body),
    onBodyFault: ({ code }: GatewayError) => faults.push(code),
    reserve: (bytes) => budget.take(bytes),
  });
  for (const chunk of chunks) request.emit("data", chunk);
  request.emit("end");
  return { bodies, faults, budget };
}

test("a body of one piece is not copied", () => {
  const chunk = Buffer.from("{}");
  const { bodies, budget } = read([chunk]);
  expect(bodies[0]).toBe(chunk);
  expect(budget.takenBytes).toBe(0);
});

test("pieces are put together, however they are cut", () => {
  const whole = Buffer.from(Array.from({ length: 500 }, (_, index) => index & 255));
  for (const size of [1, 2, 3, 7, 64, 499]) {
    const chunks = [];
    for (let start = 0; start < whole.length; start += size) chunks.push(whole.subarray(start, start + size));
    expect(Buffer.compare(read(chunks).bodies[0]!, whole)).toBe(0);
  }
  expect(read([]).bodies[0]).toHaveLength(0);
});

test("over its bound it is refused once, and the rest is dropped", () => {
  expect(read([Buffer.alloc(1_000)])).toMatchObject({ faults: [] });
  for (const chunks of [
    [Buffer.alloc(1_001)],
    [Buffer.alloc(999), Buffer.alloc(2)],
    Array<Buffer>(2_000).fill(Buffer.alloc(1)),
  ]) {
    expect(read(chunks)).toMatchObject({ bodies: [], faults: ["PAYLOAD_TOO_LARGE"] });
  }
});

test("memory is bounded by what arrived, and by the budget of all", () => {
  const drip = Array<Buffer>(100_000).fill(Buffer.alloc(1));
  expect(read(drip, 4_000_000).budget.takenBytes).toBeLessThan(4 * drip.length);
  const budget = new ByteBudget(1_000);
  expect(read(drip, 4_000_000, budget)).toMatchObject({ bodies: [], faults: ["OVERLOADED"] });
  expect(budget.takenBytes).toBeLessThanOrEqual(1_000);
  budget.giveBack(budget.takenBytes);
  expect(read([Buffer.alloc(10), Buffer.alloc(10)], 1_000, budget).bodies[0]).toHaveLength(20);
});
