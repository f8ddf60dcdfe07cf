import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RouteLeaf, RouteTree } from "../../../../../gateway/src/data-plane/route/route-tree.ts";
import type { PatternSegment } from "../../../../../gateway/src/snapshot/snapshot.ts";

function pattern(text: string): PatternSegment[] {
  return text
    .slice(1)
    .split("/")
    .map((part) => {
      if (part.startsWith(":")) return { kind: "parameter", name: part.slice(1) };
      return part.startsWith("*") ? { kind: "rest", name: part.slice(1) } : { kind: "literal", text: part };
    });
}

const segments = (path: string) => path.slice(1).split("/");

interface Leaf extends RouteLeaf<Leaf> {
  readonly text: string;
}

const leafOf = (httpMethod: string, text: string): Leaf => ({ httpMethod, next: undefined, text });

function treeOf(...routes: readonly string[]): RouteTree<Leaf> {
  const tree = new RouteTree<Leaf>();
  for (const route of routes) tree.add(pattern(route), leafOf("GET", route));
  return tree;
}

describe("a path", () => {
  const routes = [
    "/v1/assets",
    "/v1/assets/:id",
    "/v1/assets/new",
    "/v1/assets/:id/parts/:part",
    "/v1/*any",
    "/files/*path",
    "/v1/assets/",
  ];
  test.each([
    ["/v1/assets", "/v1/assets", []],
    ["/v1/assets/", "/v1/assets/", []],
    ["/v1/assets/new", "/v1/assets/new", []],
    ["/v1/assets/7", "/v1/assets/:id", ["7"]],
    ["/v1/assets/new/parts/2", "/v1/assets/:id/parts/:part", ["new", "2"]],
    ["/v1/assets/new/parts", "/v1/*any", ["assets/new/parts"]],
    ["/v1/assets//parts/2", "/v1/*any", ["assets//parts/2"]],
    ["/v1/", "/v1/*any", [""]],
    ["/v1", undefined, []],
    ["/files/a/b", "/files/*path", ["a/b"]],
    ["/files", undefined, []],
    ["/__proto__/constructor", undefined, []],
  ])("%s", (path, route, parameters) => {
    const found = treeOf(...routes).match("GET", path);
    expect(found?.leaf.text).toBe(route);
    expect(found?.parameters ?? []).toEqual(parameters);
  });

  test("another method than the best pattern's is looked for in the others", () => {
    const tree = treeOf("/v1/assets/new");
    tree.add(pattern("/v1/assets/:id"), leafOf("DELETE", "delete"));
    tree.add(pattern("/v1/*rest"), leafOf("PUT", "put"));
    expect(tree.match("DELETE", "/v1/assets/new")).toMatchObject({ leaf: { text: "delete" }, parameters: ["new"] });
    expect([...tree.methods("/v1/assets/new")]).toEqual(["GET", "DELETE", "PUT"]);
    expect(tree.match("PATCH", "/v1/assets/new")).toBeUndefined();
  });
});

const part = fc.constantFrom("a", "b", ":x", ":y", "c", "d", "e", "f");
const anyPattern = fc
  .tuple(fc.array(part, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([parts, rest]) => `/v/${parts.map((text, i) => (text.startsWith(":") ? `:p${i}` : text)).join("/")}${rest ? "/*r" : ""}`);
const anyPath = fc
  .array(fc.constantFrom("a", "b", "c", "d", ""), { minLength: 1, maxLength: 6 })
  .map((parts) => `/v/${parts.join("/")}`);
const anyMethod = fc.constantFrom("GET", "PUT");

/** The rule, without a tree: of those that fit, at the first segment where they differ a literal wins, then a parameter. */
function naive(routes: readonly { method: string; text: string }[], method: string, path: string): string | undefined {
  const wanted = segments(path);
  const rank = ({ kind }: PatternSegment) => ["literal", "parameter", "rest"].indexOf(kind);
  const fitting = routes.filter((route) => {
    if (route.method !== method) return false;
    const its = pattern(route.text);
    const hasRest = its.at(-1)?.kind === "rest";
    if (hasRest ? wanted.length < its.length : wanted.length !== its.length) return false;
    return its.every((segment, i) => {
      if (segment.kind === "literal") return segment.text === wanted[i];
      return segment.kind === "rest" || wanted[i] !== "";
    });
  });
  const ranks = (text: string) => pattern(text).map(rank).join("");
  return fitting.map(({ text }) => text).sort((a, b) => (ranks(a) < ranks(b) ? -1 : ranks(a) > ranks(b) ? 1 : 0))[0];
}

test("the tree finds what the rule says, also after patterns were removed", () => {
  const routes = fc.uniqueArray(fc.record({ method: anyMethod, text: anyPattern }), {
    maxLength: 25,
    selector: ({ method, text }) => method + text,
  });
  fc.assert(
    fc.property(
      routes,
      fc.array(fc.tuple(anyMethod, anyPath), { maxLength: 30 }),
      fc.infiniteStream(fc.boolean()),
      (all, asked, drop) => {
        const tree = new RouteTree<Leaf>();
        const leaves = all.map(({ method, text }) => leafOf(method, text));
        for (const leaf of leaves) tree.add(pattern(leaf.text), leaf);
        const kept = all.filter(({ text }, index) => {
          if (!drop.next().value) return true;
          tree.remove(pattern(text), leaves[index]!);
          return false;
        });
        for (const [method, path] of asked) {
          expect(tree.match(method, path)?.leaf.text).toBe(naive(kept, method, path));
          expect(tree.methods(path).has(method)).toBe(naive(kept, method, path) !== undefined);
        }
      },
    ),
  );
});

test("what is removed leaves nothing behind", () => {
  const routes = ["/a/:x/b", "/a/*rest", "/a/b", "/a/c", "/a/d", "/a/e", "/a/f"].map((text) => leafOf("GET", text));
  const tree = new RouteTree<Leaf>();
  for (const route of routes) tree.add(pattern(route.text), route);
  for (const route of routes) tree.remove(pattern(route.text), route);
  expect(JSON.stringify(tree)).toBe(JSON.stringify(new RouteTree()));
  expect(tree.methods("/a/b").size).toBe(0);
});

test("patterns made to be tried in every way cost what the tree holds, no more", () => {
  const tree = new RouteTree<Leaf>();
  for (let i = 0; i < 4_096; i++) {
    const parts = Array.from({ length: 12 }, (_, bit) => ((i >> bit) & 1 ? "a" : `:p${bit}`));
    tree.add(pattern(`/v/${parts.join("/")}`), leafOf("PUT", `${i}`));
  }
  const started = performance.now();
  expect(tree.match("GET", `/v/${"a/".repeat(11)}a`)).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(500);
});
