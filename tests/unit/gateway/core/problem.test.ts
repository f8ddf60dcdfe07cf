import { expect, test } from "vitest";
import { type ErrorCode, errorStatus, GatewayError } from "../../../../gateway/src/core/errors.ts";
import { problemHead, problemText, problemTitle, problemType } from "../../../../gateway/src/core/problem.ts";

test("a problem has the members of RFC 9457, then ours", () => {
  const members = { pointer: '/a"b', line: 3, column: 7, suggestions: ["x"] };
  const problem = new GatewayError("IDL_SYNTAX", 'a "quoted" word', { members });
  expect(JSON.parse(problemText(problem, "id-1"))).toEqual({
    type: "/problems/idl-syntax",
    title: problemTitle.IDL_SYNTAX,
    status: 422,
    detail: 'a "quoted" word',
    code: "IDL_SYNTAX",
    requestId: "id-1",
    ...members,
  });
});

test("types are distinct URI references", () => {
  const codes = Object.keys(errorStatus) as ErrorCode[];
  const types = codes.map(problemType);
  expect(new Set(types).size).toBe(codes.length);
  for (const type of types) expect(type).toMatch(/^\/problems\/[a-z0-9-]+$/);
  expect(new Set(Object.values(problemTitle)).size).toBe(codes.length);
});

test("503 and 429 say when to come back, once", () => {
  expect(problemHead(new GatewayError("OVERLOADED", ""), "id", 7)).toEqual([
    ...["content-type", "application/problem+json", "content-length", "7", "x-request-id", "id"],
    ...["retry-after", "1"],
  ]);
  const later = new GatewayError("RATE_LIMITED", "", { headers: { "retry-after": "30" } });
  expect(problemHead(later, "id", 7).slice(6)).toEqual(["retry-after", "30"]);
  const notAllowed = new GatewayError("METHOD_NOT_ALLOWED", "", { headers: { allow: "GET" } });
  expect(problemHead(notAllowed, "id", 7).slice(6)).toEqual(["allow", "GET"]);
});
