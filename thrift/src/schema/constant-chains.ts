import type { Scope } from "./scope.ts";

/** Constants that only name another one: where the chain of names ends. However long the chains are, each is walked once. */
export class ConstantChains {
  readonly #scope: Scope;
  /** `undefined`: the chain comes back to itself. */
  readonly #ends = new Map<number, number | undefined>();

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** The constant that has a value of its own, or names what is none; `undefined` where the chain never ends. */
  endOf(index: number): number | undefined {
    const passed = new Set<number>();
    let current: number | undefined = index;
    while (current !== undefined && !this.#ends.has(current)) {
      if (passed.has(current)) {
        current = undefined;
        break;
      }
      passed.add(current);
      const next = this.#named(current);
      if (next === undefined) break;
      current = next;
    }
    const end = current !== undefined && this.#ends.has(current) ? this.#ends.get(current) : current;
    for (const member of passed) this.#ends.set(member, end);
    return end;
  }

  #named(index: number): number | undefined {
    const { node, file } = this.#scope.constants[index]!;
    if (node.value.kind !== "name") return undefined;
    const entry = this.#scope.findConstant(file, node.value.name, node.value.at);
    return entry?.kind === "const" ? entry.index : undefined;
  }
}
