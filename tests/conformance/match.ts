import { type Exact, ExactNumber, isMembers, printExact } from "./exact-json.ts";

/** Whether `actual` is what was expected; numbers by their text, `{"$anyOrder": […]}` where a server chooses the order, `{"$oneOf": […]}` the value. */
export function isMatch(expected: Exact | undefined, actual: Exact | undefined): boolean {
  if (expected === undefined || actual === undefined) return expected === actual;
  if (expected instanceof ExactNumber) return actual instanceof ExactNumber && actual.text === expected.text;
  if (Array.isArray(expected)) return Array.isArray(actual) && isSameList(expected, actual);
  if (!isMembers(expected)) return actual === expected;
  const anyOrder = expected.$anyOrder as Exact[] | undefined;
  const oneOf = expected.$oneOf as Exact[] | undefined;
  if (oneOf !== undefined) return oneOf.some((each) => isMatch(each, actual));
  if (anyOrder !== undefined) return Array.isArray(actual) && isSameList(sorted(anyOrder), sorted(actual));
  return isMembers(actual) && Object.keys(actual).length === Object.keys(expected).length && hasMembers(expected, actual);
}

/** Whether `actual` has at least the members of `expected`. */
export function hasMembers(expected: Exact, actual: Exact | undefined): boolean {
  return (
    isMembers(expected) &&
    actual !== undefined &&
    isMembers(actual) &&
    Object.entries(expected).every(([key, each]) => Object.hasOwn(actual, key) && isMatch(each, actual[key]))
  );
}

function isSameList(expected: readonly Exact[], actual: readonly Exact[]): boolean {
  return expected.length === actual.length && expected.every((each, index) => isMatch(each, actual[index]));
}

function sorted(values: readonly Exact[]): Exact[] {
  return [...values].sort((one, other) => (printExact(one) < printExact(other) ? -1 : 1));
}
