import type { PatternSegment } from "../../snapshot/snapshot.ts";

/** What a path leads to. */
export interface TreeMatch<Value> {
  readonly value: Value;
  /** The segments that parameters stand for, in the order of the pattern; that of `*name` holds slashes. */
  readonly parameters: readonly string[];
}

/** What a pattern of this HTTP method leads to. */
interface Leaf<Value> {
  readonly httpMethod: string;
  readonly value: Value;
}

/** Small, since most of ten thousand routes are not in the processor's cache. */
interface Node<Value> {
  literals: Map<string, Node<Value>> | undefined;
  parameter: Node<Value> | undefined;
  /** Of patterns that end here, and of those that end here with `*name`; the oldest first. */
  values: readonly Leaf<Value>[];
  rest: readonly Leaf<Value>[];
}

/**
 * Patterns, by segment: a path is found in as many steps as it has segments, however many patterns there are. A literal
 * counts before a parameter, and that before the rest; a pattern without the HTTP method does not count. Each node is
 * visited once at most.
 */
export class RouteTree<Value> {
  readonly #root = newNode<Value>();

  add(httpMethod: string, pattern: readonly PatternSegment[], value: Value): void {
    let node = this.#root;
    for (const segment of pattern) {
      if (segment.kind === "rest") {
        node.rest = [...node.rest, { httpMethod, value }];
        return;
      }
      node = descend(node, segment);
    }
    node.values = [...node.values, { httpMethod, value }];
  }

  /** What was added with the same pattern; branches that bear nothing any more are cut off. */
  remove(httpMethod: string, pattern: readonly PatternSegment[], value: Value): void {
    removeFrom(this.#root, httpMethod, pattern, 0, value);
  }

  /** `undefined`: no pattern of this HTTP method fits. */
  match(httpMethod: string, segments: readonly string[]): TreeMatch<Value> | undefined {
    const parameters: string[] = [];
    const value = find(this.#root, httpMethod, segments, 0, parameters);
    return value === undefined ? undefined : { value, parameters };
  }

  /** The HTTP methods of all patterns that fit. */
  methods(segments: readonly string[]): ReadonlySet<string> {
    const methods = new Set<string>();
    collect(this.#root, segments, 0, methods);
    return methods;
  }
}

const none: readonly never[] = [];

function newNode<Value>(): Node<Value> {
  return { literals: undefined, parameter: undefined, values: none, rest: none };
}

function descend<Value>(node: Node<Value>, segment: PatternSegment): Node<Value> {
  if (segment.kind !== "literal") {
    node.parameter ??= newNode();
    return node.parameter;
  }
  node.literals ??= new Map();
  let next = node.literals.get(segment.text);
  if (next === undefined) {
    next = newNode();
    node.literals.set(segment.text, next);
  }
  return next;
}

/** Whether the node bears nothing any more. */
function removeFrom<Value>(
  node: Node<Value>,
  httpMethod: string,
  pattern: readonly PatternSegment[],
  at: number,
  value: Value,
): boolean {
  const segment = pattern[at];
  if (segment === undefined) node.values = without(node.values, httpMethod, value);
  else if (segment.kind === "rest") node.rest = without(node.rest, httpMethod, value);
  else if (segment.kind === "literal") {
    const next = node.literals?.get(segment.text);
    if (next && removeFrom(next, httpMethod, pattern, at + 1, value)) node.literals?.delete(segment.text);
    if (node.literals?.size === 0) node.literals = undefined;
  } else if (node.parameter && removeFrom(node.parameter, httpMethod, pattern, at + 1, value)) node.parameter = undefined;
  return node.literals === undefined && node.parameter === undefined && node.values.length === 0 && node.rest.length === 0;
}

function without<Value>(leaves: readonly Leaf<Value>[], httpMethod: string, value: Value): readonly Leaf<Value>[] {
  const left = leaves.filter((leaf) => leaf.httpMethod !== httpMethod || leaf.value !== value);
  return left.length === 0 ? none : left;
}

function valueIn<Value>(leaves: readonly Leaf<Value>[], httpMethod: string): Value | undefined {
  for (const leaf of leaves) if (leaf.httpMethod === httpMethod) return leaf.value;
  return undefined;
}

function find<Value>(
  node: Node<Value>,
  httpMethod: string,
  segments: readonly string[],
  at: number,
  parameters: string[],
): Value | undefined {
  if (at === segments.length) return valueIn(node.values, httpMethod);
  const segment = segments[at]!;
  const literal = node.literals?.get(segment);
  if (literal !== undefined) {
    const value = find(literal, httpMethod, segments, at + 1, parameters);
    if (value !== undefined) return value;
  }
  if (node.parameter !== undefined && segment !== "") {
    parameters.push(segment);
    const value = find(node.parameter, httpMethod, segments, at + 1, parameters);
    if (value !== undefined) return value;
    parameters.pop();
  }
  const value = valueIn(node.rest, httpMethod);
  if (value !== undefined) parameters.push(segments.slice(at).join("/"));
  return value;
}

function collect<Value>(node: Node<Value>, segments: readonly string[], at: number, methods: Set<string>): void {
  if (at === segments.length) {
    for (const { httpMethod } of node.values) methods.add(httpMethod);
    return;
  }
  const segment = segments[at]!;
  const literal = node.literals?.get(segment);
  if (literal !== undefined) collect(literal, segments, at + 1, methods);
  if (node.parameter !== undefined && segment !== "") collect(node.parameter, segments, at + 1, methods);
  for (const { httpMethod } of node.rest) methods.add(httpMethod);
}
