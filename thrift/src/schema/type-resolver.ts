import { describeCycle, orderByDependency } from "../idl/dependency-order.ts";
import type { TypeNode } from "../idl/syntax-tree.ts";
import type { ScalarKind, TypeDescriptor } from "./descriptors.ts";
import type { Scope } from "./scope.ts";

/** Parts of all types together, typedefs written out: `typedef map<A,A> B`, `typedef map<B,B> C` … doubles with each line. */
const MAX_TYPE_PARTS = 250_000;

interface ResolvedType {
  readonly descriptor: TypeDescriptor;
  readonly depth: number;
  readonly parts: number;
}

/** Turns types as written into descriptors. A type that cannot be resolved was reported and is `undefined`. */
export class TypeResolver {
  readonly #scope: Scope;
  readonly #maxNesting: number;
  readonly #scalars = new Map<ScalarKind, ResolvedType>();
  readonly #structs: readonly ResolvedType[];
  readonly #enums: readonly ResolvedType[];
  readonly #typedefs: (ResolvedType | undefined)[] = [];
  #parts = 0;

  constructor(scope: Scope, maxNesting: number) {
    this.#scope = scope;
    this.#maxNesting = maxNesting;
    this.#structs = scope.structs.map((_, index) => single({ kind: "struct", index }));
    this.#enums = scope.enums.map((_, index) => single({ kind: "enum", index }));
    this.#resolveTypedefs();
  }

  resolve(node: TypeNode, file: number): TypeDescriptor | undefined {
    const resolved = this.#resolve(node, file);
    if (resolved === undefined) return undefined;
    this.#parts += resolved.parts;
    if (this.#parts > MAX_TYPE_PARTS) {
      const message = `the types have more than ${MAX_TYPE_PARTS} parts, typedefs written out`;
      this.#scope.faults.add("IDL_LIMIT", this.#scope.place(file, node.at), message);
    }
    return resolved.descriptor;
  }

  #resolve(node: TypeNode, file: number): ResolvedType | undefined {
    switch (node.kind) {
      case "scalar":
        return this.#scalar(node.scalar);
      case "name":
        return this.#resolveName(node.name, file, node.at);
      case "list":
      case "set": {
        const element = this.#resolve(node.element, file);
        if (element === undefined) return undefined;
        return this.#container(node, file, { kind: node.kind, element: element.descriptor }, element.depth, element.parts);
      }
      case "map": {
        const key = this.#resolve(node.key, file);
        const value = this.#resolve(node.value, file);
        if (key === undefined || value === undefined) return undefined;
        const descriptor: TypeDescriptor = { kind: "map", key: key.descriptor, value: value.descriptor };
        return this.#container(node, file, descriptor, Math.max(key.depth, value.depth), key.parts + value.parts);
      }
    }
  }

  #resolveName(name: string, file: number, at: number): ResolvedType | undefined {
    if (name === "uuid" && this.#scope.lookUpType(file, name) === undefined) return this.#scalar("uuid");
    const entry = this.#scope.findType(file, name, at);
    switch (entry?.kind) {
      case "struct":
        return this.#structs[entry.index];
      case "enum":
        return this.#enums[entry.index];
      case "typedef":
        return this.#typedefs[entry.index];
      case "service":
        this.#scope.complain(file, at, `'${name}' is a service, not a type`);
        return undefined;
      case undefined:
        return undefined;
    }
  }

  #scalar(kind: ScalarKind): ResolvedType {
    let resolved = this.#scalars.get(kind);
    if (resolved === undefined) {
      resolved = single({ kind });
      this.#scalars.set(kind, resolved);
    }
    return resolved;
  }

  #container(node: TypeNode, file: number, descriptor: TypeDescriptor, depthBelow: number, partsBelow: number): ResolvedType {
    if (depthBelow >= this.#maxNesting) {
      const message = `a type of more than ${this.#maxNesting} levels, typedefs written out`;
      this.#scope.faults.add("IDL_LIMIT", this.#scope.place(file, node.at), message);
    }
    return { descriptor, depth: depthBelow + 1, parts: partsBelow + 1 };
  }

  #resolveTypedefs(): void {
    const { typedefs } = this.#scope;
    const inCycle = new Set<number>();
    const order = orderByDependency(
      typedefs.length,
      (index) => {
        const { node, file } = typedefs[index]!;
        return this.#typedefsIn(node.type, file);
      },
      (path) => {
        for (const index of path) inCycle.add(index);
        const { node, file } = typedefs[path[0]!]!;
        const cycle = describeCycle(path.map((index) => typedefs[index]!.node.name.text));
        this.#scope.complain(file, node.name.at, `the typedef '${node.name.text}' is defined by itself: ${cycle}`);
      },
    );
    for (const index of order) {
      const { node, file } = typedefs[index]!;
      if (!inCycle.has(index)) this.#typedefs[index] = this.#resolve(node.type, file);
    }
  }

  /** Unknown names are reported when the typedef is resolved, once. */
  #typedefsIn(node: TypeNode, file: number): number[] {
    switch (node.kind) {
      case "scalar":
        return [];
      case "name": {
        const entry = this.#scope.lookUpType(file, node.name);
        return entry?.kind === "typedef" ? [entry.index] : [];
      }
      case "map":
        return [...this.#typedefsIn(node.key, file), ...this.#typedefsIn(node.value, file)];
      default:
        return this.#typedefsIn(node.element, file);
    }
  }
}

function single(descriptor: TypeDescriptor): ResolvedType {
  return { descriptor, depth: 0, parts: 1 };
}
