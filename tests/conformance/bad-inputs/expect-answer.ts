import { expect } from "vitest";
import type { Expectation } from "./cases.ts";

export interface Seen {
  readonly status: number;
  readonly text: string;
  header(name: string): string | null | undefined;
}

function oneOf<T>(values: T | readonly T[]): readonly T[] {
  return (Array.isArray(values) ? values : [values]) as readonly T[];
}

/** Every failure is problem+json that names its code and its request, and shows nothing of the inside. */
export function expectAnswer(seen: Seen, expectation: Expectation): void {
  expect({ status: seen.status, text: seen.text }).toSatisfy(
    ({ status }: Seen) => oneOf(expectation.status).includes(status),
    `status ${oneOf(expectation.status).join(" or ")}`,
  );
  for (const [name, value] of Object.entries(expectation.headers ?? {})) expect(seen.header(name)).toBe(value);
  if (expectation.body !== undefined) expect(seen.text).toBe(expectation.body);
  if (expectation.without !== undefined) expect(seen.text).not.toContain(expectation.without);
  if (seen.status < 400) return;
  expect(seen.header("content-type")).toBe("application/problem+json");
  expect(seen.header("x-powered-by") ?? null).toBeNull();
  if (seen.text === "") return;
  const problem = JSON.parse(seen.text);
  expect(problem.status).toBe(seen.status);
  expect(problem.requestId).toMatch(/^[\x21-\x7e]{1,128}$/);
  expect(seen.text).not.toMatch(/node_modules|\.js:\d+|<html|127\.0\.0\.1:\d+/);
  if (expectation.code !== undefined) expect(oneOf(expectation.code)).toContain(problem.code);
  for (const member of ["pointer", "line", "column"] as const) {
    if (expectation[member] !== undefined) expect(problem[member]).toBe(expectation[member]);
  }
}
