import { describe, expect, it } from "vitest";
import type { GatewayAnswer } from "../../../server-utils/src/gateway-request.ts";
import { afterBeat, afterConnect, delayMs, failed, type JoinState } from "../../../server-utils/src/join-state.ts";

const answer = (status: number, body = {}, retryAfterMs?: number): GatewayAnswer => ({ status, body, retryAfterMs });
const joined = { name: "joined", gateway: "http://g", serverId: "id", heartbeatMs: 1_000 } as const;

describe("what follows from an answer to /connect", () => {
  it.each([
    ["accepted", answer(200, { ServerID: "id", heartbeatMs: 500 }), "joined"],
    ["no ServerID", answer(200, { Status: "ok" }), "connecting"],
    ["an empty ServerID", answer(200, { ServerID: "" }), "connecting"],
    ["a wrong key", answer(401), "refused"],
    ["another owner's service", answer(403), "refused"],
    ["a forbidden address", answer(400), "refused"],
    ["a service that is not registered yet", answer(404), "connecting"],
    ["too many requests", answer(429), "connecting"],
    ["a registry that is down", answer(503), "connecting"],
    ["a redirect", answer(302), "connecting"],
  ])("%s", (_name, given, expected) => {
    expect(afterConnect(3, "http://g", given).name).toBe(expected);
  });

  it.each([
    [500, 500],
    ["500", 15_000],
    [0, 15_000],
    [-1, 15_000],
    [Number.NaN, 15_000],
    [1e12, 15_000],
    [undefined, 15_000],
  ])("beats every %s ms as %i", (heartbeatMs, expected) => {
    expect(afterConnect(0, "http://g", answer(200, { ServerID: "id", heartbeatMs }))).toMatchObject({ heartbeatMs: expected });
  });
});

describe("what follows from an answer to /health", () => {
  it.each([
    [200, "joined"],
    [404, "connecting"],
    [401, "refused"],
    [403, "refused"],
    [429, "connecting"],
    [500, "connecting"],
    [503, "connecting"],
  ])("%i: %s", (status, expected) => {
    expect(afterBeat(joined, answer(status)).name).toBe(expected);
  });

  it("connects at once after 404", () => {
    expect(delayMs(afterBeat(joined, answer(404)), 1)).toBe(0);
  });
});

describe("how long to wait", () => {
  const error = new Error("x");
  it.each<[string, JoinState, number, number]>([
    ["a beat is never late", joined, 800, 1_000],
    ["the first failure", failed(0, error), 0, 200],
    ["many failures", failed(1_000, error), 0, 5_000],
    ["429 with Retry-After", failed(0, error, answer(429, {}, 7_000)), 7_000, 8_400],
    ["503 with Retry-After", failed(0, error, answer(503, {}, 60_000)), 0, 200],
    ["an absurd Retry-After", failed(0, error, answer(429, {}, 1e9)), 60_000, 72_000],
    ["refused", afterConnect(0, "http://g", answer(401)), 30_000, 60_000],
  ])("%s", (_name, state, from, to) => {
    expect(delayMs(state, 0)).toBe(from);
    expect(delayMs(state, 1)).toBe(to);
  });
});
