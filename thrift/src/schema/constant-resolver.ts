import { printable } from "../idl/source.ts";
import { suggest } from "../idl/suggest.ts";
import type { ValueNode } from "../idl/syntax-tree.ts";
import { ConstantChains } from "./constant-chains.ts";
import { constantKey } from "./constant-key.ts";
import type { Constant, ScalarKind, TypeDescriptor } from "./descriptors.ts";
import type { EnumDraft } from "./enum-drafts.ts";
import type { Scope } from "./scope.ts";
import type { FieldDraft, StructDraft } from "./struct-drafts.ts";

/** Values of all constants and defaults together, references written out: `a = [b, b]`, `b = [c, c]` … doubles with each line. */
const MAX_VALUES = 100_000;
/** Of their strings, in UTF-16 units. */
const MAX_TEXT_LENGTH = 1024 * 1024;

const INTEGER_BOUNDS: Partial<Record<ScalarKind, number>> = { i8: 2 ** 7, i16: 2 ** 15, i32: 2 ** 31 };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const encoder = new TextEncoder();

interface ValueContext {
  readonly file: number;
  readonly depth: number;
  /** Where faults are reported: the outermost reference, when the value is that of another constant. */
  readonly reference: { readonly file: number; readonly at: number } | undefined;
}

/** Gives values as written the form that their types demand. A value that cannot have it was reported and is `undefined`. */
export class ConstantResolver {
  readonly #scope: Scope;
  readonly #structs: readonly StructDraft[];
  readonly #enums: readonly EnumDraft[];
  readonly #maxNesting: number;
  readonly #broken = new Set<number>();
  /** The constants being written out. */
  readonly #open = new Set<number>();
  readonly #chains: ConstantChains;
  #values = 0;
  #textLength = 0;

  constructor(scope: Scope, structs: readonly StructDraft[], enums: readonly EnumDraft[], maxNesting: number) {
    this.#scope = scope;
    this.#chains = new ConstantChains(scope);
    this.#structs = structs;
    this.#enums = enums;
    this.#maxNesting = maxNesting;
  }

  checkConstant(index: number, type: TypeDescriptor | undefined): void {
    const { node, file } = this.#scope.constants[index]!;
    this.#open.add(index);
    if (type === undefined || this.resolve(node.value, type, file) === undefined) this.#broken.add(index);
    this.#open.delete(index);
  }

  resolve(node: ValueNode, type: TypeDescriptor, file: number): Constant | undefined {
    return this.#resolve(node, type, { file, depth: 0, reference: undefined });
  }

  #resolve(node: ValueNode, type: TypeDescriptor, context: ValueContext): Constant | undefined {
    this.#count(node, context);
    if (node.kind === "name") return this.#resolveName(node.name, node.at, type, context);
    switch (type.kind) {
      case "bool":
        if (node.kind === "integer" && (node.value === 0 || node.value === 1)) return node.value === 1;
        return this.#mismatch(node, "true or false", context);
      case "double":
        if (node.kind === "integer") return Number(node.value);
        if (node.kind === "double" && Number.isFinite(node.value)) return node.value;
        return node.kind === "double"
          ? this.#complain(node, "this number is too large for a double", context)
          : this.#mismatch(node, "a number", context);
      case "string":
        return node.kind === "string" ? node.value : this.#mismatch(node, "a string", context);
      case "binary":
        return node.kind === "string" ? encoder.encode(node.value) : this.#mismatch(node, "a string", context);
      case "uuid":
        return this.#resolveUuid(node, context);
      case "enum":
        return this.#resolveEnum(node, type.index, context);
      case "list":
      case "set":
        return this.#resolveList(node, type, context);
      case "map":
        return this.#resolveMap(node, type, context);
      case "struct":
        return this.#resolveStruct(node, this.#structs[type.index]!, context);
      default:
        return this.#resolveInteger(node, type.kind, context);
    }
  }

  #resolveInteger(node: ValueNode, kind: ScalarKind, context: ValueContext): Constant | undefined {
    if (node.kind !== "integer") return this.#mismatch(node, `an integer for ${kind}`, context);
    const bound = INTEGER_BOUNDS[kind];
    // No larger integer than an i64 comes out of the parser.
    if (bound === undefined) return BigInt(node.value);
    if (node.value >= -bound && node.value < bound) return Number(node.value);
    return this.#complain(node, `${node.value} is out of the range of ${kind}`, context);
  }

  #resolveUuid(node: ValueNode, context: ValueContext): Constant | undefined {
    if (node.kind !== "string") return this.#mismatch(node, "a UUID as a string", context);
    const text = node.value.toLowerCase();
    const bare = text.length === 38 && text.startsWith("{") && text.endsWith("}") ? text.slice(1, -1) : text;
    return UUID.test(bare) ? bare : this.#complain(node, `"${printable(node.value)}" is not a UUID`, context);
  }

  #resolveEnum(node: ValueNode, index: number, context: ValueContext): Constant | undefined {
    const { descriptor, namesByValue } = this.#enums[index]!;
    const { name } = descriptor;
    if (node.kind !== "integer") return this.#mismatch(node, `a member of '${name}'`, context);
    const value = Number(node.value);
    if (namesByValue.has(value)) return value;
    return this.#complain(node, `'${name}' has no member with the value ${node.value}`, context);
  }

  #resolveList(node: ValueNode, type: TypeDescriptor & { kind: "list" | "set" }, context: ValueContext): Constant | undefined {
    const elements: readonly ValueNode[] | undefined = node.kind === "list" ? node.elements : isEmptyMap(node) ? [] : undefined;
    if (elements === undefined) return this.#mismatch(node, `a ${type.kind} in square brackets`, context);
    const inner = this.#enter(node, context);
    const resolved = elements
      .map((element) => this.#resolve(element, type.element, inner))
      .filter((value) => value !== undefined);
    if (resolved.length < elements.length) return undefined;
    if (type.kind === "list") return { elements: resolved };
    return { elements: [...new Map(resolved.map((value) => [constantKey(value), value])).values()] };
  }

  #resolveMap(node: ValueNode, type: TypeDescriptor & { kind: "map" }, context: ValueContext): Constant | undefined {
    const entries = node.kind === "map" ? node.entries : isEmptyList(node) ? [] : undefined;
    if (entries === undefined) return this.#mismatch(node, "a map in braces", context);
    const inner = this.#enter(node, context);
    const resolved: [Constant, Constant][] = [];
    const seen = new Set<string>();
    for (const [keyNode, valueNode] of entries) {
      const key = this.#resolve(keyNode, type.key, inner);
      const value = this.#resolve(valueNode, type.value, inner);
      if (key === undefined || value === undefined) continue;
      const text = constantKey(key);
      if (seen.has(text)) this.#complain(keyNode, "the map has this key already", context);
      seen.add(text);
      resolved.push([key, value]);
    }
    return resolved.length === entries.length ? { entries: resolved } : undefined;
  }

  #resolveStruct(node: ValueNode, struct: StructDraft, context: ValueContext): Constant | undefined {
    const { text: name } = struct.name;
    if (node.kind !== "map") return this.#mismatch(node, `the fields of '${name}' in braces`, context);
    const inner = this.#enter(node, context);
    const resolved: [number, Constant][] = [];
    const named = new Set<FieldDraft>();
    for (const [keyNode, valueNode] of node.entries) {
      if (keyNode.kind !== "string") {
        this.#mismatch(keyNode, `the name of a field of '${name}' as a string`, context);
        continue;
      }
      const field = struct.fieldsByName.get(keyNode.value);
      if (field === undefined) {
        const hint = suggest(keyNode.value, struct.fieldsByName.keys());
        this.#complain(keyNode, `'${name}' has no field '${printable(keyNode.value)}'${hint}`, context);
        continue;
      }
      if (named.has(field)) this.#complain(keyNode, `'${keyNode.value}' is given twice`, context);
      named.add(field);
      const value = field.type && this.#resolve(valueNode, field.type, inner);
      if (value !== undefined) resolved.push([field.id, value]);
    }
    if (struct.kind === "union" && named.size !== 1) {
      return this.#complain(node, `the union '${name}' takes exactly one field, found ${named.size}`, context);
    }
    const missing = struct.mandatory.find((field) => !named.has(field))?.node.name.text;
    if (missing !== undefined) return this.#complain(node, `the field '${missing}' of '${name}' is required`, context);
    return resolved.length === node.entries.length ? { fields: resolved } : undefined;
  }

  #resolveName(name: string, at: number, type: TypeDescriptor, context: ValueContext): Constant | undefined {
    const entry = this.#scope.findConstant(context.file, name, at);
    if (entry?.kind === "const") return this.#resolveReference(entry.index, at, type, context);
    // As in the compiler: where an enum is expected, what stands before the member's dot does not count.
    const enumIndex = type.kind === "enum" ? type.index : entry?.enumIndex;
    if (enumIndex === undefined) {
      this.#scope.complainOfUnknownConstant(context.file, name, at);
      return undefined;
    }
    const { descriptor, valuesByName } = this.#enums[enumIndex]!;
    const member = name.slice(name.lastIndexOf(".") + 1);
    const value = valuesByName.get(member);
    const reference = context.reference ?? { file: context.file, at };
    if (value === undefined) {
      const hint = suggest(member, valuesByName.keys());
      this.#scope.complain(reference.file, reference.at, `'${descriptor.name}' has no member '${member}'${hint}`);
      return undefined;
    }
    return this.#resolve({ kind: "integer", value, at }, type, { ...context, reference });
  }

  /** Writes out the constant's value as if it stood here: its type need not be the one expected, `i8` fits where `i64` is. */
  #resolveReference(index: number, at: number, type: TypeDescriptor, context: ValueContext): Constant | undefined {
    const reference = context.reference ?? { file: context.file, at };
    const end = this.#chains.endOf(index);
    if (this.#broken.has(end ?? index)) return undefined;
    if (end === undefined || this.#open.has(end)) {
      const { text } = this.#scope.constants[end ?? index]!.node.name;
      this.#scope.complain(reference.file, reference.at, `the constant '${text}' refers to itself`);
      this.#broken.add(end ?? index);
      return undefined;
    }
    const { node, file } = this.#scope.constants[end]!;
    this.#open.add(end);
    const value = this.#resolve(node.value, type, { file, depth: context.depth, reference });
    this.#open.delete(end);
    return value;
  }

  #enter(node: ValueNode, context: ValueContext): ValueContext {
    if (context.depth >= this.#maxNesting) {
      this.#limit(node, context, `a constant of more than ${this.#maxNesting} levels, references written out`);
    }
    return { ...context, depth: context.depth + 1 };
  }

  #count(node: ValueNode, context: ValueContext): void {
    this.#values += 1;
    if (node.kind === "string") this.#textLength += node.value.length;
    if (this.#values > MAX_VALUES) {
      this.#limit(node, context, `constants and defaults of more than ${MAX_VALUES} values, references written out`);
    }
    if (this.#textLength > MAX_TEXT_LENGTH) {
      this.#limit(node, context, `constants and defaults of more than ${MAX_TEXT_LENGTH} characters, references written out`);
    }
  }

  #limit(node: ValueNode, context: ValueContext, message: string): void {
    const place = context.reference ?? { file: context.file, at: node.at };
    this.#scope.faults.add("IDL_LIMIT", this.#scope.place(place.file, place.at), message);
  }

  #complain(node: ValueNode, message: string, context: ValueContext): undefined {
    const place = context.reference ?? { file: context.file, at: node.at };
    this.#scope.complain(place.file, place.at, message);
  }

  #mismatch(node: ValueNode, expected: string, context: ValueContext): undefined {
    this.#complain(node, `expected ${expected}, found ${describeValue(node)}`, context);
  }
}

function describeValue(node: ValueNode): string {
  switch (node.kind) {
    case "integer":
    case "double":
      return String(node.value);
    case "string":
      return `the string "${printable(node.value)}"`;
    case "name":
      return `'${node.name}'`;
    default:
      return `a ${node.kind}`;
  }
}

function isEmptyMap(node: ValueNode): boolean {
  return node.kind === "map" && node.entries.length === 0;
}

function isEmptyList(node: ValueNode): boolean {
  return node.kind === "list" && node.elements.length === 0;
}
