import type { FaultList } from "../idl/fault-list.ts";
import type { LoadedFile } from "../idl/load-files.ts";
import { SCALAR_NAMES } from "../idl/parse-type.ts";
import type { Place } from "../idl/source.ts";
import { suggest } from "../idl/suggest.ts";
import type { ConstNode, EnumNode, NameNode, ServiceNode, StructNode, TypedefNode } from "../idl/syntax-tree.ts";

/** Something declared, with the file whose names its own text means. */
export interface Declared<Node> {
  readonly node: Node;
  readonly file: number;
}

/** What a type's name means: an entry of the table of its kind. */
interface TypeEntry {
  readonly kind: "struct" | "enum" | "typedef" | "service";
  readonly index: number;
}

type ConstantEntry =
  | { readonly kind: "const"; readonly index: number }
  | { readonly kind: "member"; readonly enumIndex: number; readonly member: string };

interface FileScope {
  readonly types: Map<string, TypeEntry>;
  /** Constants by name; of the other file's, `shared.LIMIT` is found in the file included as `shared`. */
  readonly constants: Map<string, number>;
  readonly included: Map<string, number[]>;
}

/** Every declaration of every file, and what a name means in each file. */
export class Scope {
  readonly structs: Declared<StructNode>[] = [];
  readonly enums: Declared<EnumNode>[] = [];
  readonly typedefs: Declared<TypedefNode>[] = [];
  readonly services: Declared<ServiceNode>[] = [];
  readonly constants: Declared<ConstNode>[] = [];
  readonly faults: FaultList;
  readonly #files: readonly LoadedFile[];
  readonly #scopes: readonly FileScope[];

  constructor(files: readonly LoadedFile[], faults: FaultList) {
    this.faults = faults;
    this.#files = files;
    this.#scopes = files.map((file) => ({ types: new Map(), constants: new Map(), included: this.#includedByPrefix(file) }));
    files.forEach((_, file) => {
      this.#declareAll(file);
    });
  }

  place(file: number, at: number): Place {
    return { source: this.#files[file]!.document.source, at };
  }

  complain(file: number, at: number, message: string): void {
    this.faults.add("IDL_SEMANTIC", this.place(file, at), message);
  }

  /** Notes a fault and answers `undefined` where the name means no type. */
  findType(file: number, name: string, at: number): TypeEntry | undefined {
    const found = this.#search(file, name, (scope, local) => scope.types.get(local));
    if (found.length > 1) this.#complainOfTwo(file, name, at);
    if (found.length === 0) this.complain(file, at, `unknown type '${name}'${this.#explainType(file, name)}`);
    return found.length === 1 ? found[0] : undefined;
  }

  /** The same without a word about it. */
  lookUpType(file: number, name: string): TypeEntry | undefined {
    return this.#search(file, name, (scope, local) => scope.types.get(local))[0];
  }

  /** What a name means as a value; it may mean nothing. */
  findConstant(file: number, name: string, at: number): ConstantEntry | undefined {
    const constants = this.#search(file, name, (scope, local) => scope.constants.get(local));
    if (constants.length > 1) this.#complainOfTwo(file, name, at);
    if (constants.length > 0) return { kind: "const", index: constants[0]! };
    const dot = name.lastIndexOf(".");
    if (dot < 0) return undefined;
    const enums = this.#search(file, name.slice(0, dot), (scope, local) => scope.types.get(local)).filter(
      ({ kind }) => kind === "enum",
    );
    if (enums.length > 1) this.#complainOfTwo(file, name, at);
    return enums.length === 0 ? undefined : { kind: "member", enumIndex: enums[0]!.index, member: name.slice(dot + 1) };
  }

  complainOfUnknownConstant(file: number, name: string, at: number): void {
    this.complain(file, at, `unknown constant '${name}'${this.#explainConstant(file, name)}`);
  }

  /** A plain name in the file itself; `prefix.name` in all files included under the prefix. */
  #search<Entry>(file: number, name: string, look: (scope: FileScope, name: string) => Entry | undefined): Entry[] {
    const scope = this.#scopes[file]!;
    const dot = name.lastIndexOf(".");
    const found: Entry[] = [];
    const candidates = dot < 0 ? [file] : (scope.included.get(name.slice(0, dot)) ?? []);
    for (const candidate of candidates) {
      const entry = look(this.#scopes[candidate]!, name.slice(dot + 1));
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  #complainOfTwo(file: number, name: string, at: number): void {
    this.complain(file, at, `'${name}' is ambiguous: several included files of one name declare it`);
  }

  #explainType(file: number, name: string): string {
    const { types, included } = this.#scopes[file]!;
    const dot = name.lastIndexOf(".");
    if (dot < 0) return suggest(name, [...SCALAR_NAMES, ...types.keys()]);
    const prefix = name.slice(0, dot);
    const files = included.get(prefix);
    if (files === undefined) return `: no file is included as '${prefix}'${suggest(prefix, included.keys())}`;
    const names = files.flatMap((other) => [...this.#scopes[other]!.types.keys()].map((local) => `${prefix}.${local}`));
    return suggest(name, names);
  }

  #explainConstant(file: number, name: string): string {
    const { types, constants, included } = this.#scopes[file]!;
    const dot = name.lastIndexOf(".");
    if (dot < 0) return suggest(name, ["true", "false", ...constants.keys()]);
    const prefix = name.slice(0, dot);
    const files = included.get(prefix);
    if (files === undefined)
      return `: no enum or included file is named '${prefix}'${suggest(prefix, [...included.keys(), ...types.keys()])}`;
    const names = files.flatMap((other) => [...this.#scopes[other]!.constants.keys()].map((local) => `${prefix}.${local}`));
    return suggest(name, names);
  }

  #includedByPrefix(file: LoadedFile): Map<string, number[]> {
    const included = new Map<string, number[]>();
    for (const index of new Set(file.includes.map((include) => include.file))) {
      const { prefix } = this.#files[index]!;
      const sharing = included.get(prefix);
      if (sharing === undefined) included.set(prefix, [index]);
      else sharing.push(index);
    }
    return included;
  }

  #declareAll(file: number): void {
    for (const node of this.#files[file]!.document.definitions) {
      switch (node.kind) {
        case "const":
          this.#declareConstant(file, node);
          break;
        case "typedef":
          this.#declareType(file, node.name, { kind: "typedef", index: this.typedefs.push({ node, file }) - 1 });
          break;
        case "enum":
          this.#declareType(file, node.name, { kind: "enum", index: this.enums.push({ node, file }) - 1 });
          break;
        case "service":
          this.#declareType(file, node.name, { kind: "service", index: this.services.push({ node, file }) - 1 });
          break;
        default:
          this.#declareType(file, node.name, { kind: "struct", index: this.structs.push({ node, file }) - 1 });
      }
    }
  }

  #declareType(file: number, name: NameNode, entry: TypeEntry): void {
    const { types } = this.#scopes[file]!;
    const earlier = types.get(name.text);
    if (earlier === undefined) types.set(name.text, entry);
    else this.complain(file, name.at, `'${name.text}' is already declared in ${this.#lineOf(file, this.#nameOf(earlier))}`);
  }

  #declareConstant(file: number, node: ConstNode): void {
    const { constants } = this.#scopes[file]!;
    const earlier = constants.get(node.name.text);
    if (earlier === undefined) constants.set(node.name.text, this.constants.push({ node, file }) - 1);
    else {
      const line = this.#lineOf(file, this.constants[earlier]!.node.name);
      this.complain(file, node.name.at, `the constant '${node.name.text}' is already declared in ${line}`);
    }
  }

  #nameOf({ kind, index }: TypeEntry): NameNode {
    return this[`${kind}s`][index]!.node.name;
  }

  #lineOf(file: number, name: NameNode): string {
    return `line ${this.#files[file]!.document.source.locate(name.at).line}`;
  }
}
