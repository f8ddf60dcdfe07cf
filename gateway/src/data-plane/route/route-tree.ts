import type { PatternSegment } from "../../snapshot/snapshot.ts";

/** What a pattern leads to. */
export interface RouteLeaf<Leaf> {
  readonly httpMethod: string;
  /** The tree's: the next of the same pattern. */
  next: Leaf | undefined;
}

/** What a path leads to. */
export interface TreeMatch<Leaf> {
  readonly leaf: Leaf;
  /** The segments that parameters stand for, in the order of the pattern; that of `*name` holds slashes. */
  readonly parameters: readonly string[];
}

/**
 * Most of ten thousand routes are not in the processor's cache, so what counts is how many objects are looked at: few literals are a list of the
 * nodes themselves, and what ends at a node is a list of the leaves themselves.
 */
interface Node<Leaf> {
  /** Of a literal. */
  readonly text: string;
  /** The next literal of the same parent, where they are few. */
  sibling: Node<Leaf> | undefined;
  literals: Node<Leaf> | Map<string, Node<Leaf>> | undefined;
  parameter: Node<Leaf> | undefined;
  /** Of patterns that end here, and of those that end here with `*name`. */
  leaf: Leaf | undefined;
  rest: Leaf | undefined;
}

/** More literals than this are a map. */
const maxList = 4;

/**
 * Patterns, by segment: a path is found in as many steps as it has segments, however many patterns there are. A literal
 * counts before a parameter, and that before the rest; a pattern without the HTTP method does not count. Each node is
 * visited once at most.
 */
export class RouteTree<Leaf extends RouteLeaf<Leaf>> {
  readonly #root = newNode<Leaf>("");

  add(pattern: readonly PatternSegment[], leaf: Leaf): void {
    let node = this.#root;
    for (const segment of pattern) {
      if (segment.kind === "rest") {
        leaf.next = node.rest;
        node.rest = leaf;
        return;
      }
      node = descend(node, segment);
    }
    leaf.next = node.leaf;
    node.leaf = leaf;
  }

  /** One that was added with the same pattern; branches that bear nothing any more are cut off. */
  remove(pattern: readonly PatternSegment[], leaf: Leaf): void {
    removeFrom(this.#root, pattern, 0, leaf);
  }

  /** Of a decoded path, without a query. `undefined`: no pattern of this HTTP method fits. */
  match(httpMethod: string, path: string): TreeMatch<Leaf> | undefined {
    const parameters: string[] = [];
    const leaf = find(this.#root, httpMethod, path, 1, parameters);
    return leaf === undefined ? undefined : { leaf, parameters };
  }

  /** The HTTP methods of all patterns that fit. */
  methods(path: string): ReadonlySet<string> {
    const methods = new Set<string>();
    collect(this.#root, path, 1, methods);
    return methods;
  }
}

function newNode<Leaf>(text: string): Node<Leaf> {
  return { text, sibling: undefined, literals: undefined, parameter: undefined, leaf: undefined, rest: undefined };
}

function descend<Leaf>(node: Node<Leaf>, segment: PatternSegment): Node<Leaf> {
  if (segment.kind !== "literal") {
    node.parameter ??= newNode("");
    return node.parameter;
  }
  const known = literalOf(node, segment.text);
  if (known !== undefined) return known;
  const added = newNode<Leaf>(shared(segment.text));
  if (!(node.literals instanceof Map)) {
    const listed = listOf(node.literals);
    if (listed.length < maxList) {
      added.sibling = node.literals;
      node.literals = added;
      return added;
    }
    node.literals = new Map(listed.map((literal) => [literal.text, literal]));
    for (const literal of listed) literal.sibling = undefined;
  }
  node.literals.set(segment.text, added);
  return added;
}

/** The one string of V8's that is a property's name, so that the same literals of thousands of routes are one in the processor's cache. */
function shared(text: string): string {
  return Object.keys({ [text]: true })[0]!;
}

function listOf<Leaf>(first: Node<Leaf> | undefined): Node<Leaf>[] {
  const list: Node<Leaf>[] = [];
  for (let literal = first; literal !== undefined; literal = literal.sibling) list.push(literal);
  return list;
}

function literalOf<Leaf>({ literals }: Node<Leaf>, text: string): Node<Leaf> | undefined {
  if (literals instanceof Map) return literals.get(text);
  let literal = literals;
  while (literal !== undefined && literal.text !== text) literal = literal.sibling;
  return literal;
}

/** Whether the node bears nothing any more. */
function removeFrom<Leaf extends RouteLeaf<Leaf>>(
  node: Node<Leaf>,
  pattern: readonly PatternSegment[],
  at: number,
  leaf: Leaf,
): boolean {
  const segment = pattern[at];
  if (segment === undefined) node.leaf = without(node.leaf, leaf);
  else if (segment.kind === "rest") node.rest = without(node.rest, leaf);
  else if (segment.kind === "literal") {
    const next = literalOf(node, segment.text);
    if (next && removeFrom(next, pattern, at + 1, leaf)) cutOff(node, next);
  } else if (node.parameter && removeFrom(node.parameter, pattern, at + 1, leaf)) node.parameter = undefined;
  return node.literals === undefined && node.parameter === undefined && node.leaf === undefined && node.rest === undefined;
}

function cutOff<Leaf>(node: Node<Leaf>, literal: Node<Leaf>): void {
  if (node.literals instanceof Map) {
    node.literals.delete(literal.text);
    if (node.literals.size === 0) node.literals = undefined;
    return;
  }
  const left = listOf(node.literals).filter((each) => each !== literal);
  node.literals = left[0];
  for (const [index, each] of left.entries()) each.sibling = left[index + 1];
}

function without<Leaf extends RouteLeaf<Leaf>>(first: Leaf | undefined, leaf: Leaf): Leaf | undefined {
  if (first === undefined) return undefined;
  if (first === leaf) return first.next;
  first.next = without(first.next, leaf);
  return first;
}

function leafOf<Leaf extends RouteLeaf<Leaf>>(first: Leaf | undefined, httpMethod: string): Leaf | undefined {
  let leaf = first;
  while (leaf !== undefined && leaf.httpMethod !== httpMethod) leaf = leaf.next;
  return leaf;
}

/** The segment that begins at `start` ends at the next slash; behind the last one there is none. */
function find<Leaf extends RouteLeaf<Leaf>>(
  node: Node<Leaf>,
  httpMethod: string,
  path: string,
  start: number,
  parameters: string[],
): Leaf | undefined {
  if (start > path.length) return leafOf(node.leaf, httpMethod);
  const slash = path.indexOf("/", start);
  const end = slash === -1 ? path.length : slash;
  const segment = path.slice(start, end);
  const literal = literalOf(node, segment);
  if (literal !== undefined) {
    const leaf = find(literal, httpMethod, path, end + 1, parameters);
    if (leaf !== undefined) return leaf;
  }
  if (node.parameter !== undefined && segment !== "") {
    parameters.push(segment);
    const leaf = find(node.parameter, httpMethod, path, end + 1, parameters);
    if (leaf !== undefined) return leaf;
    parameters.pop();
  }
  const leaf = leafOf(node.rest, httpMethod);
  if (leaf !== undefined) parameters.push(path.slice(start));
  return leaf;
}

function collect<Leaf extends RouteLeaf<Leaf>>(node: Node<Leaf>, path: string, start: number, methods: Set<string>): void {
  if (start > path.length) {
    addMethods(node.leaf, methods);
    return;
  }
  const slash = path.indexOf("/", start);
  const end = slash === -1 ? path.length : slash;
  const segment = path.slice(start, end);
  const literal = literalOf(node, segment);
  if (literal !== undefined) collect(literal, path, end + 1, methods);
  if (node.parameter !== undefined && segment !== "") collect(node.parameter, path, end + 1, methods);
  addMethods(node.rest, methods);
}

function addMethods<Leaf extends RouteLeaf<Leaf>>(first: Leaf | undefined, methods: Set<string>): void {
  for (let leaf = first; leaf !== undefined; leaf = leaf.next) methods.add(leaf.httpMethod);
}
