import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeCycle, orderByDependency } from "../../../../thrift/src/idl/dependency-order.ts";

function order(graph: readonly (readonly number[])[]): { order: number[]; cycles: number[][] } {
  const cycles: number[][] = [];
  const found = orderByDependency(
    graph.length,
    (node) => graph[node]!,
    (path) => cycles.push([...path]),
  );
  return { order: found, cycles };
}

describe("an order", () => {
  test("puts dependencies first", () => {
    expect(order([[1, 2], [2], [], [0]])).toEqual({ order: [2, 1, 0, 3], cycles: [] });
  });

  test("reports each circle", () => {
    expect(order([[0], [2], [3], [1, 0]])).toEqual({ order: [0, 3, 2, 1], cycles: [[0], [1, 2, 3]] });
  });

  test("of a chain of a million costs no stack", () => {
    const { order: found, cycles } = order(Array.from({ length: 1_000_000 }, (_, i) => (i === 999_999 ? [] : [i + 1])));
    expect([found.length, found[0], cycles.length]).toEqual([1_000_000, 999_999, 0]);
  });

  test("of any graph has every node once, and what it depends on before it, unless a circle was reported", () => {
    const graphs = fc
      .integer({ min: 1, max: 12 })
      .chain((size) => fc.array(fc.array(fc.nat({ max: size - 1 }), { maxLength: 4 }), { minLength: size, maxLength: size }));
    fc.assert(
      fc.property(graphs, (graph) => {
        const { order: found, cycles } = order(graph);
        expect(found.toSorted((a, b) => a - b)).toEqual(graph.map((_, node) => node));
        for (const cycle of cycles) {
          for (const [i, node] of cycle.entries()) expect(graph[node]).toContain(cycle[(i + 1) % cycle.length]);
        }
        const position = new Map(found.map((node, i) => [node, i]));
        const isOrdered = graph.every((dependencies, node) =>
          dependencies.every((other) => position.get(other)! < position.get(node)!),
        );
        expect(isOrdered).toBe(cycles.length === 0);
      }),
    );
  });
});

test("a circle is shown up to a line's length", () => {
  expect(describeCycle(["A"])).toBe("A → A");
  expect(describeCycle([..."ABCDEFGHI"])).toBe("A → B → C → D → E → F → … → A");
});
