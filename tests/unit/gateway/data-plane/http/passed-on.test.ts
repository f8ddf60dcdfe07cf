import { expect, test } from "vitest";
import { passedOn } from "../../../../../gateway/src/data-plane/http/passed-on.ts";

test("trace context and meta information travel on, the rest stays", () => {
  const headers = {
    host: "gateway",
    authorization: "secret",
    traceparent: "00-1-2-01",
    tracestate: "a=1",
    "rpc-transit-user-id": "7",
    "rpc-persist-lane": "blue",
    "set-cookie": "a=1",
  };
  expect(passedOn(Object.entries(headers).flat())).toEqual({
    transient: [
      ["traceparent", "00-1-2-01"],
      ["tracestate", "a=1"],
      ["USER_ID", "7"],
    ],
    persistent: [["LANE", "blue"]],
  });
});

test("no more than 32 entries travel on", () => {
  const many = Array.from({ length: 100 }, (_, index) => [`rpc-persist-${index}`, "x"] as const);
  const { transient, persistent } = passedOn(["traceparent", "00", ...many.flat()]);
  expect(transient).toHaveLength(1);
  expect(persistent).toHaveLength(31);
});

test("no more than 8,192 bytes travel on", () => {
  const { persistent } = passedOn(["rpc-persist-a", "x".repeat(8_191), "rpc-persist-b", "y"]);
  expect(persistent).toEqual([["A", "x".repeat(8_191)]]);
  expect(passedOn(["rpc-persist-a", "x".repeat(8_192), "rpc-persist-b", "y"]).persistent).toEqual([["B", "y"]]);
});

test("a name's spelling does not matter, and what came twice is a list", () => {
  const { transient, persistent } = passedOn(["TraceState", "a=1", "RPC-Persist-Lane", "blue", "tracestate", "b=2"]);
  expect(transient).toEqual([["tracestate", "a=1, b=2"]]);
  expect(persistent).toEqual([["LANE", "blue"]]);
});

test.each([
  ["no name", "rpc-persist-", "x"],
  ["a name with other characters", "rpc-persist-a*b", "x"],
  ["a name like code", "rpc-transit-a$b", "x"],
  ["no value", "rpc-persist-a", ""],
  ["a tab in the value", "rpc-persist-a", "x\ty"],
  ["a control character of Unicode in the value", "rpc-transit-a", "\xc2\x85"],
  ["a value that is not UTF-8", "rpc-transit-a", "\xff"],
  ["another prefix", "rpc-backward-a", "x"],
])("%s stays behind", (_, name, value) => {
  expect(passedOn([name, value])).toEqual({ transient: [], persistent: [] });
});

test("text is UTF-8, and of two names that become one the first counts", () => {
  const text = Buffer.from("ключ").toString("latin1");
  const { transient, persistent } = passedOn(["rpc-transit-a-b", text, "rpc-transit-a_b", "x", "rpc-persist-__proto__", "y"]);
  expect(transient).toEqual([["A_B", "ключ"]]);
  expect(persistent).toEqual([["__PROTO__", "y"]]);
});
