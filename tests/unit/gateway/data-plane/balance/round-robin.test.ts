import { describe, expect, it } from "vitest";
import { RoundRobin } from "../../../../../gateway/src/data-plane/balance/round-robin.ts";
import { tally } from "./fixtures.ts";

function turns(weights: Record<string, number>, count: number, roundRobin = new RoundRobin()): string[] {
  const members = Object.entries(weights).map(([id, weight]) => ({ id, weight }));
  const maxWeight = Math.max(...Object.values(weights));
  return Array.from({ length: count }, () => roundRobin.next(members, maxWeight).id);
}

describe("RoundRobin", () => {
  it.each([1, 2, 7, 100])("takes members of one weight (%i) in turn", (weight) => {
    expect(turns({ a: weight, b: weight, c: weight }, 6)).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  const mixes: Record<string, number>[] = [
    { a: 1 },
    { a: 5, b: 1, c: 1 },
    { a: 1, b: 2 },
    { a: 100, b: 1 },
    { a: 99, b: 100, c: 98, d: 3 },
    { a: 10, b: 20, c: 30, d: 40, e: 50 },
    Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`i${index}`, 1 + ((index * 37) % 100)])),
  ];

  it.each(mixes)("gives each exactly its share, wherever one starts to count: %o", (mix) => {
    const sum = Object.values(mix).reduce((total, weight) => total + weight, 0);
    const roundRobin = new RoundRobin();
    for (let cycle = 0; cycle < 3; cycle++) expect(tally(turns(mix, sum, roundRobin))).toEqual(mix);
    turns(mix, 7, roundRobin);
    expect(tally(turns(mix, sum, roundRobin))).toEqual(mix);
  });

  it("spreads a light member's turns evenly", () => {
    const order = turns({ heavy: 10, light: 5 }, 150);
    const gaps = order
      .flatMap((id, index) => (id === "light" ? [index] : []))
      .map((at, index, all) => at - (all[index - 1] ?? at));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(3);
  });

  it("goes on in turn when members come and go", () => {
    const roundRobin = new RoundRobin();
    const seen: string[] = [];
    for (let round = 0; round < 100; round++) {
      const members = ["a", "b", "c", ...(round % 2 === 0 ? ["d"] : [])].map((id) => ({ id, weight: 1 }));
      for (let turn = 0; turn < members.length; turn++) seen.push(roundRobin.next(members, 1).id);
    }
    const counts = tally(seen);
    for (const id of ["a", "b", "c"]) expect(counts[id]).toBeGreaterThan(80);
  });
});
