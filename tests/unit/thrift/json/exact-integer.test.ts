import { describe, expect, it } from "vitest";
import { exactInteger } from "../../../../thrift/src/json/exact-integer.ts";

describe("exactInteger", () => {
  it.each([
    ["0", 0n],
    ["-0.000e-5", 0n],
    ["0e99999999999999999999", 0n],
    ["1.0", 1n],
    ["1e2", 100n],
    ["-12.50e1", -125n],
    ["100e-2", 1n],
    ["9223372036854775807.000", 9_223_372_036_854_775_807n],
    ["9999999999999999999", 9_999_999_999_999_999_999n],
    [`1${"0".repeat(1_000)}e-1000`, 1n],
    [`${"0".repeat(1_000)}7`, 7n],
    ["1.5", "fraction"],
    ["1e-1", "fraction"],
    ["1e-99999999999999999999", "fraction"],
    ["10000000000000000000", "huge"],
    ["1e19", "huge"],
    ["1e99999999999999999999", "huge"],
    ["", "text"],
    ["-", "text"],
    ["+1", "text"],
    [" 1", "text"],
    ["1.", "text"],
    [".1", "text"],
    ["1e", "text"],
    ["0x1", "text"],
    ["1n", "text"],
    ["1".repeat(1_025), "text"],
  ])("%s", (text, expected) => {
    expect(exactInteger(text)).toBe(expected);
  });
});
