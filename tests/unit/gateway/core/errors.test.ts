import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ErrorCode, errorStatus, GatewayError, toGatewayError } from "../../../../gateway/src/core/errors.ts";
import { problemTitle } from "../../../../gateway/src/core/problem.ts";

const root = join(import.meta.dirname, "../../../..");
const codes = Object.keys(errorStatus) as ErrorCode[];

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => readFileSync(join(root, folder, path), "utf8"));
}

describe("docs/errors.md", () => {
  const documented = [
    ...readFileSync(join(root, "docs/errors.md"), "utf8").matchAll(/^\| `([A-Z0-9_]+)` \| (\d+) \| (.+?) \| (.+) \|$/gm),
  ];

  test("has each code with its status and title, in the order of the code, and no other", () => {
    expect(documented.map(([, code, status, title]) => [code, Number(status), title])).toEqual(
      codes.map((code) => [code, errorStatus[code], problemTitle[code]]),
    );
  });

  test("says what to do", () => {
    for (const [, code, , , advice] of documented) expect(advice, code).toMatch(/\w+ \w+/);
  });
});

describe("codes", () => {
  test("are ordered by status", () => {
    const statuses = Object.values(errorStatus);
    expect(statuses).toEqual([...statuses].sort((left, right) => left - right));
  });

  test("are each used, and none is used that is not listed", () => {
    const text = [...sources("gateway/src"), ...sources("thrift/src")].join("\n");
    const uses = new Set(
      [...text.matchAll(/"([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+|EXCEPTION|INTERNAL|FORBIDDEN|CONFLICT|OVERLOADED)"/g)].map(
        ([, code]) => code,
      ),
    );
    expect(codes.filter((code) => !uses.has(code) && code !== "UNAUTHENTICATED")).toEqual([]);
    const thrown = [...text.matchAll(/new GatewayError\(\s*"([^"]*)"/g)].map(([, code]) => code);
    expect(thrown.length).toBeGreaterThan(20);
    expect(thrown.filter((code) => !codes.includes(code as ErrorCode))).toEqual([]);
  });
});

describe("GatewayError", () => {
  test("has its status and detail", () => {
    const error = new GatewayError("OUT_OF_RANGE", "too much", { members: { pointer: "/a" } });
    expect(error).toMatchObject({
      status: 400,
      detail: "too much",
      message: "too much",
      members: { pointer: "/a" },
      headers: {},
    });
  });

  test("takes the place of what nobody foresaw, without its words", () => {
    const cause = new RangeError("secret");
    const error = toGatewayError(cause);
    expect(error).toMatchObject({ code: "INTERNAL", status: 500, cause });
    expect(error.message).not.toContain("secret");
    expect(toGatewayError(error)).toBe(error);
  });
});
