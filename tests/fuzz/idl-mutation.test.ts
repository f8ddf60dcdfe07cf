import { expect, test } from "vitest";
import { compileIdl } from "../../thrift/src/schema/compile-idl.ts";
import { breather, fuzzMs, fuzzSeed, fuzzTimeout } from "../support/fuzz.ts";

const MAIN = `namespace * shop /* c */ include "shared.thrift"
cpp_include "<x>" # y
typedef map<string, list<set<i64>>> (a = "b") Index
enum Kind { A = -1, B, C = 0x1F (d = 'e'); }
const map<Kind, list<double>> K = { Kind.A: [1e3, .5, -1], 31: [] }
const i32 LIMIT = shared.LIMIT
/** doc */ struct Item xsd_all {
  1: required string id = "x\\n\\"" (api.path = 'id'),
  2: optional Index index = {};
  shared.Item & other xsd_optional xsd_attrs { 1: bool b }
  4: Kind kind = Kind.B, 5: i64 n = LIMIT
}
union U { 1: uuid u; 2: Item i = {"id": "y", "kind": 31} } exception E { 1: i32 code } (x)
service Base extends shared.S { oneway void ping() }
service Shop extends Base { Item find(1: string id, 2: i32 depth = LIMIT) throws (1: E e) (api.get = "/:id"), async void note(1: binary b) }
`;
const SHARED = `const i32 LIMIT = 7 struct Item { 1: list<Item> items = [] 2: Item next } service S { i8 size() }`;
const FRAGMENTS = [
  ..."{}()[]<>,;:=&*.'\"#/\\-+@\n\r\0\u2028\uD800😀",
  ..."struct union exception enum senum const typedef service extends throws oneway required void list< map< set< /* */ /** // 0x 1e 99999999999999999999 -1: 32768: {} [] shared. Item Kind.A LIMIT include".split(
    " ",
  ),
];

test(`no mutation of IDL makes the compiler throw, hang, or answer without a place (seed ${fuzzSeed})`, {
  timeout: fuzzTimeout,
}, async () => {
  expect(compileIdl({ "main.thrift": MAIN, "shared.thrift": SHARED }, "main.thrift")).toMatchObject({ ok: true });
  const random = createRandom(fuzzSeed);
  const deadline = performance.now() + fuzzMs;
  let accepted = 0;
  let runs = 0;
  for (; runs < 500 || performance.now() < deadline; runs++) {
    if (runs % 64 === 0) await breather();
    const files = { "main.thrift": mutate(MAIN, random), "shared.thrift": random(4) === 0 ? mutate(SHARED, random) : SHARED };
    const start = performance.now();
    const result = compileIdl(files, "main.thrift");
    expect(performance.now() - start).toBeLessThan(1_000);
    if (result.ok) {
      accepted++;
      continue;
    }
    expect(result.faults.length).toBeGreaterThan(0);
    for (const { code, file, line, column, message, excerpt } of result.faults) {
      const text = files[file as keyof typeof files];
      const lines = text.split("\n");
      expect(code).toMatch(/^IDL_/);
      expect(line).toBeGreaterThan(0);
      expect(line).toBeLessThanOrEqual(lines.length);
      expect(column).toBeGreaterThan(0);
      expect(column).toBeLessThanOrEqual(lines[line - 1]!.length + 1);
      expect(message).not.toMatch(/undefined|\[object|NaN/);
      expect(excerpt.split("\n")).toHaveLength(2);
    }
  }
  expect(accepted).toBeGreaterThan(0);
  expect(accepted).toBeLessThan(runs);
});

type Random = (below: number) => number;

function mutate(text: string, random: Random): string {
  let mutated = text;
  for (let count = 1 + random(4); count > 0; count--) {
    const at = random(mutated.length + 1);
    const end = Math.min(mutated.length, at + random(8));
    switch (random(9)) {
      case 0:
        mutated = mutated.slice(0, at) + mutated.slice(end);
        break;
      case 1:
        mutated = mutated.slice(0, at) + FRAGMENTS[random(FRAGMENTS.length)]! + mutated.slice(at);
        break;
      case 2:
        mutated = mutated.slice(0, at) + FRAGMENTS[random(FRAGMENTS.length)]!.repeat(1 + random(100)) + mutated.slice(end);
        break;
      case 3: {
        const from = random(mutated.length);
        mutated = mutated.slice(0, at) + mutated.slice(from, from + random(200)) + mutated.slice(at);
        break;
      }
      case 4:
        mutated = mutated.slice(0, Math.max(1, at));
        break;
      default:
        mutated = mutated.slice(0, at) + (mutated[random(mutated.length)] ?? "") + mutated.slice(at + 1);
    }
  }
  return mutated;
}

/** Mulberry32: small, and the same everywhere. */
function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
