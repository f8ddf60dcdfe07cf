import type { Annotations, MethodDescriptor, Schema } from "@thriftgate/thrift";
import { expect, test } from "vitest";
import { exceptionStatus } from "../../../../../gateway/src/data-plane/codec/exception-status.ts";

function statusOf(onThrows: Annotations, onType: Annotations, fieldId = 1): number {
  const schema: Schema = {
    services: [],
    enums: [],
    structs: [{ name: "E", kind: "exception", fields: [], annotations: onType }],
  };
  const field = { id: 1, name: "e", type: { kind: "struct", index: 0 }, requiredness: "default", annotations: onThrows } as const;
  const method: MethodDescriptor = {
    name: "m",
    oneway: false,
    argumentsIndex: 0,
    result: undefined,
    exceptions: [field],
    annotations: [],
  };
  return exceptionStatus(schema, method, fieldId);
}

test("the place in throws counts before the type, the type before 422", () => {
  expect(statusOf([], [])).toBe(422);
  expect(statusOf([], [["api.http_code", "404"]])).toBe(404);
  expect(statusOf([["api.http_code", "409"]], [["api.http_code", "404"]])).toBe(409);
  expect(statusOf([["other", "409"]], [])).toBe(422);
  expect(statusOf([["api.http_code", "409"]], [], 2)).toBe(422);
});

test.each(["200", "302", "99", "600", "4040", "", "1", "abc", "404 "])("%j is no status of an error", (code) => {
  expect(statusOf([["api.http_code", code]], [])).toBe(422);
});
