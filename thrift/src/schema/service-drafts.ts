import { describeCycle, orderByDependency } from "../idl/dependency-order.ts";
import type { MethodNode, NameNode, ServiceNode } from "../idl/syntax-tree.ts";
import type { MethodDescriptor, ServiceDescriptor, TypeDescriptor } from "./descriptors.ts";
import type { Declared, Scope } from "./scope.ts";
import { draftStruct, finishField, type StructDraft } from "./struct-drafts.ts";
import type { TypeResolver } from "./type-resolver.ts";

export interface MethodDraft {
  readonly node: MethodNode;
  readonly argumentsIndex: number;
  readonly result: TypeDescriptor | undefined;
  readonly exceptions: StructDraft;
}

/** The service's own methods. The structs of their parameters are added to `structs`. */
export function draftMethods(
  scope: Scope,
  types: TypeResolver,
  structs: StructDraft[],
  { node, file }: Declared<ServiceNode>,
): MethodDraft[] {
  return node.methods.map((method) => {
    const result = method.result && types.resolve(method.result, file);
    const name = { text: `${method.name.text}_args`, at: method.name.at };
    const parameters = draftStruct(scope, types, "arguments", name, method.parameters, file);
    const exceptions = draftStruct(scope, types, "throws", name, method.exceptions, file);
    for (const { node: field, type } of exceptions.fields) {
      if (type !== undefined && !(type.kind === "struct" && structs[type.index]!.kind === "exception")) {
        scope.complain(file, field.type.at, `a method throws exceptions alone; the type of '${field.name.text}' is none`);
      }
    }
    if (method.oneway && method.result !== undefined)
      scope.complain(file, method.result.at, "a oneway method returns nothing: expected 'void'");
    if (method.oneway && method.exceptions.length > 0) {
      scope.complain(file, method.exceptions[0]!.type.at, "a oneway method throws nothing: its caller does not wait");
    }
    return { node: method, argumentsIndex: structs.push(parameters) - 1, result, exceptions };
  });
}

/** Of every service its own methods, and behind them those of the services it extends. */
export function inheritMethods(scope: Scope, own: readonly (readonly MethodDraft[])[], maxMethods: number): MethodDraft[][] {
  const { services } = scope;
  const bases = services.map(({ node, file }) => findBase(scope, node.extends, file));
  const order = orderByDependency(
    services.length,
    (index) => (bases[index] === undefined ? [] : [bases[index]]),
    (path) => {
      const { node, file } = services[path[0]!]!;
      const cycle = describeCycle(path.map((index) => services[index]!.node.name.text));
      scope.complain(file, node.extends!.at, `the service '${node.name.text}' extends itself: ${cycle}`);
    },
  );
  const methods: MethodDraft[][] = [];
  const names: Set<string>[] = [];
  for (const index of order) {
    const { node, file } = services[index]!;
    const base = bases[index];
    const inherited = (base !== undefined && methods[base]) || [];
    const inheritedNames = (base !== undefined && names[base]) || new Set<string>();
    const all = own[index]!.length === 0 ? inherited : [...own[index]!, ...inherited];
    names[index] = own[index]!.length === 0 ? inheritedNames : new Set(inheritedNames);
    for (const { node: method } of own[index]!) {
      const { text, at } = method.name;
      if (names[index].has(text))
        scope.complain(file, at, `'${node.name.text}' has a method '${text}' already, its own or inherited`);
      names[index].add(text);
    }
    if (all.length > maxMethods) {
      const message = `more than ${maxMethods} methods, the inherited ones included`;
      scope.faults.add("IDL_LIMIT", scope.place(file, node.name.at), message);
    }
    methods[index] = all;
  }
  return methods;
}

export function finishService({ name, annotations, doc }: ServiceNode, methods: readonly MethodDescriptor[]): ServiceDescriptor {
  return { name: name.text, methods, annotations, ...(doc !== undefined && { doc }) };
}

export function finishMethod({ node, argumentsIndex, result, exceptions }: MethodDraft): MethodDescriptor {
  return {
    name: node.name.text,
    oneway: node.oneway,
    argumentsIndex,
    result,
    exceptions: exceptions.fields.map(finishField),
    annotations: node.annotations,
    ...(node.doc !== undefined && { doc: node.doc }),
  };
}

function findBase(scope: Scope, base: NameNode | undefined, file: number): number | undefined {
  if (base === undefined) return undefined;
  const entry = scope.findType(file, base.text, base.at);
  if (entry === undefined || entry.kind === "service") return entry?.index;
  scope.complain(file, base.at, `'${base.text}' is no service`);
  return undefined;
}
