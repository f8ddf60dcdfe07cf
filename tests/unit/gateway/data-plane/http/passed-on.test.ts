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

test("no more than 8,192 characters travel on", () => {
  const { persistent } = passedOn(["rpc-persist-a", "x".repeat(8_191), "rpc-persist-b", "y", "rpc-persist-c", ""]);
  expect(persistent).toEqual([["A", "x".repeat(8_191)]]);
});

test("a name's spelling does not matter, and what came twice is a list", () => {
  const { transient, persistent } = passedOn(["TraceState", "a=1", "RPC-Persist-Lane", "blue", "tracestate", "b=2"]);
  expect(transient).toEqual([["tracestate", "a=1, b=2"]]);
  expect(persistent).toEqual([["LANE", "blue"]]);
});
