import { describe, expect, it } from "vitest";
import { nearestName } from "../../../../thrift/src/json/nearest-name.ts";

describe("nearestName", () => {
  it.each([
    ["Naem", ["Name", "Market"], "Name"],
    ["name", ["Market", "Name"], "Name"],
    ["markett", ["Name", "Market"], "Market"],
    ["ID", ["id", "IDs"], "id"],
    ["x", ["a", "b"], undefined],
    ["", ["a"], undefined],
    ["entirely", ["other"], undefined],
    ["__proto_", ["__proto__"], "__proto__"],
  ])("for %j among %j is %j", (given, names, expected) => {
    expect(nearestName(given, names)).toBe(expected);
  });

  it("does not compare what is too long, or too much", () => {
    expect(nearestName("x".repeat(1_000_000), ["x".repeat(1_000_000)])).toBeUndefined();
    const many = Array.from({ length: 100_000 }, (_, i) => `name${i}`);
    expect(nearestName("nameX", many)).toMatch(/^name\d$/);
    expect(nearestName("name99999", many)).not.toBe("name99999");
  });
});
