import { GatewayError } from "../../core/errors.ts";
import type { PatternSegment } from "../../snapshot/snapshot.ts";

/** Patterns may be made so that each has to be compared with each. */
const MAX_STEPS = 2_000_000;

interface Node<Value> {
  readonly literals: Map<string, Node<Value>>;
  parameter: Node<Value> | undefined;
  value: Value | undefined;
  rest: Value | undefined;
}

/** Finds patterns that match some path that another pattern matches too. */
export class PatternIndex<Value> {
  readonly #root: Node<Value> = newNode();
  #steps = 0;

  add(pattern: readonly PatternSegment[], value: Value): void {
    let node = this.#root;
    for (const segment of pattern) {
      if (segment.kind === "rest") {
        node.rest ??= value;
        return;
      }
      if (segment.kind === "literal") node = literalOf(node, segment.text);
      else {
        node.parameter ??= newNode();
        node = node.parameter;
      }
    }
    node.value ??= value;
  }

  /** Of those that count. @throws {GatewayError} INVALID_ROUTE there are too many to compare */
  overlapping(pattern: readonly PatternSegment[], counts: (value: Value) => boolean = () => true): Value | undefined {
    return this.#find(this.#root, pattern, 0, counts);
  }

  #find(node: Node<Value>, pattern: readonly PatternSegment[], at: number, counts: (value: Value) => boolean): Value | undefined {
    this.#step();
    const segment = pattern[at];
    if (segment === undefined) return node.value !== undefined && counts(node.value) ? node.value : undefined;
    if (node.rest !== undefined && counts(node.rest)) return node.rest;
    if (segment.kind === "rest") return this.#any(node, counts);
    if (segment.kind === "literal") {
      const literal = node.literals.get(segment.text);
      const found = literal && this.#find(literal, pattern, at + 1, counts);
      if (found !== undefined || segment.text === "") return found;
    } else {
      for (const [text, literal] of node.literals) {
        const found = text === "" ? undefined : this.#find(literal, pattern, at + 1, counts);
        if (found !== undefined) return found;
      }
    }
    return node.parameter && this.#find(node.parameter, pattern, at + 1, counts);
  }

  /** Of all that goes on behind the node. */
  #any(node: Node<Value>, counts: (value: Value) => boolean): Value | undefined {
    this.#step();
    for (const next of node.parameter === undefined ? node.literals.values() : [node.parameter, ...node.literals.values()]) {
      const found = [next.value, next.rest].find((value) => value !== undefined && counts(value)) ?? this.#any(next, counts);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #step(): void {
    this.#steps += 1;
    if (this.#steps > MAX_STEPS) {
      throw new GatewayError("INVALID_ROUTE", "The routes have too much in common with other owners' to be told apart.");
    }
  }
}

function newNode<Value>(): Node<Value> {
  return { literals: new Map(), parameter: undefined, value: undefined, rest: undefined };
}

function literalOf<Value>(node: Node<Value>, text: string): Node<Value> {
  let next = node.literals.get(text);
  if (next === undefined) {
    next = newNode();
    node.literals.set(text, next);
  }
  return next;
}
