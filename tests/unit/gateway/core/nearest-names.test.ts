import { expect, test } from "vitest";
import { nearestNames } from "../../../../gateway/src/core/nearest-names.ts";

test.each([
  ["queryAset", ["insertAsset", "queryAsset"], ["queryAsset"]],
  ["QUERYASSET", ["queryAsset"], ["queryAsset"]],
  ["abcdef", ["abcdxx", "abcdex", "abcdef", "abcdeg"], ["abcdef", "abcdex", "abcdeg"]],
  ["ab", ["ac"], []],
  ["", ["a"], []],
  ["something", ["else"], []],
  ["x".repeat(65), ["x".repeat(65)], []],
])("%s among %j: %j", (wanted, names, expected) => {
  expect(nearestNames(wanted, names)).toEqual(expected);
});
