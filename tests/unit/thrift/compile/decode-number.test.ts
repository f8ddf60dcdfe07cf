import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { putDouble, putInt, putInt64 } from "../../../../thrift/src/compile/decode-number.ts";

const out = new Uint8Array(64);
const halves = new DataView(new ArrayBuffer(8));

function written(end: number): string {
  return Buffer.from(out.subarray(0, end)).toString("latin1");
}

function doubleText(value: number): string {
  halves.setFloat64(0, value);
  return written(putDouble(out, 0, halves.getInt32(0), halves.getInt32(4)));
}

function int64Text(value: bigint): string {
  halves.setBigInt64(0, value);
  return written(putInt64(out, 0, halves.getInt32(0), halves.getInt32(4)));
}

describe("numbers as text", () => {
  it("are those of JavaScript for 32 bits", () => {
    const edges = Array.from({ length: 10 }, (_, i) => 10 ** i).flatMap((power) => [power - 1, power, power + 1]);
    for (const value of [...edges, 2147483647, -2147483648, 4294967295]) {
      expect(written(putInt(out, 0, value))).toBe(String(value));
      if (value < 2147483648) expect(written(putInt(out, 0, -value))).toBe(String(0 - value));
    }
    fc.assert(
      fc.property(fc.integer(), (value) => {
        expect(written(putInt(out, 0, value))).toBe(String(value));
      }),
      { numRuns: 1_000 },
    );
  });

  it("are exact for 64 bits", () => {
    const powers = Array.from({ length: 63 }, (_, i) => 2n ** BigInt(i));
    const decimal = Array.from({ length: 19 }, (_, i) => 10n ** BigInt(i));
    const edges = [...powers, ...decimal].flatMap((power) => [power - 1n, power, power + 1n]);
    for (const value of [...edges, 2n ** 63n - 1n]) {
      expect(int64Text(value)).toBe(String(value));
      expect(int64Text(-value - 1n)).toBe(String(-value - 1n));
    }
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(int64Text(value)).toBe(String(value));
      }),
      { numRuns: 2_000 },
    );
  });

  it("read back as the same double, and are no longer than they must be", () => {
    const decimals = fc.tuple(fc.integer(), fc.integer({ min: 0, max: 9 })).map(([digits, places]) => digits / 10 ** places);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.float({ noNaN: true, noDefaultInfinity: true }),
          decimals,
        ),
        (value) => {
          expect(doubleText(value)).toBe(Object.is(value, -0) ? "-0" : String(value));
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
