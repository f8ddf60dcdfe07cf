import { expect, test } from "vitest";
import { suggest } from "../../../../thrift/src/idl/suggest.ts";

test.each([
  ["strng", "string"],
  ["sting", "string"],
  ["stirng", "string"],
  ["STRING", "string"],
  ["string1", "string"],
  ["AssetManagment", "AssetManagement"],
])("%s is near to %s", (name, nearest) => {
  expect(suggest(name, ["bool", nearest, "i32"])).toBe(`; did you mean '${nearest}'?`);
});

test.each([["x"], ["i33x"], ["completely"], [""]])("nothing is near to %j", (name) => {
  expect(suggest(name, ["bool", "string", "i32", "AssetManagement"])).toBe("");
});

test("the nearest wins, of equals the first", () => {
  expect(suggest("asset", ["assets", "Asset", "asse"])).toContain("'Asset'");
  expect(suggest("asset", ["assets", "asse"])).toContain("'assets'");
});
