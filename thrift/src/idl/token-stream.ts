import { cleanDocComment } from "./doc-comment.ts";
import type { IdlFaultCode } from "./fault.ts";
import type { FaultList } from "./fault-list.ts";
import { Lexer } from "./lexer.ts";
import type { IdlLimits } from "./limits.ts";
import { printable, type Source } from "./source.ts";
import type { NameNode } from "./syntax-tree.ts";

export type ParseLimits = Pick<
  IdlLimits,
  "maxTypes" | "maxFieldsPerStruct" | "maxMethodsPerService" | "maxIdentifierLength" | "maxNesting"
>;

/** Thrown after a syntax fault was noted, to where the parser can go on. */
class SyntaxFault extends Error {}

const DEFINITION_WORDS = new Set(
  "include cpp_include namespace typedef enum senum const struct union exception service".split(" "),
);

/** The tokens of one file, and what every rule of the grammar needs: expect, complain, go on after a fault. */
export class TokenStream {
  readonly source: Source;
  readonly faults: FaultList;
  readonly limits: ParseLimits;
  readonly #lexer: Lexer;

  constructor(source: Source, faults: FaultList, limits: ParseLimits) {
    this.source = source;
    this.faults = faults;
    this.limits = limits;
    this.#lexer = new Lexer(source.text);
    this.#checkLength();
  }

  get kind(): Lexer["kind"] {
    return this.#lexer.kind;
  }

  get text(): string {
    return this.#lexer.text;
  }

  /** Offset of the current token. */
  get at(): number {
    return this.#lexer.start;
  }

  /** The documentation comment right before the current token. */
  get doc(): string | undefined {
    const { docStart, docEnd } = this.#lexer;
    return docStart < 0 ? undefined : cleanDocComment(this.source.text.slice(docStart, docEnd));
  }

  isSymbol(symbol: string): boolean {
    return this.#lexer.kind === "symbol" && this.#lexer.text === symbol;
  }

  isKeyword(word: string): boolean {
    return this.#lexer.kind === "keyword" && this.#lexer.text === word;
  }

  /** The current token's text; moves on. */
  take(): string {
    const { text } = this.#lexer;
    this.#lexer.next();
    this.#checkLength();
    return text;
  }

  takeSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.#lexer.next();
    this.#checkLength();
    return true;
  }

  takeKeyword(word: string): boolean {
    if (!this.isKeyword(word)) return false;
    this.take();
    return true;
  }

  /** `,` or `;` or nothing: the language never asks for more. */
  takeSeparator(): void {
    if (!this.takeSymbol(",")) this.takeSymbol(";");
  }

  expectSymbol(symbol: string, where: string): void {
    if (!this.takeSymbol(symbol)) this.fail(`'${symbol}' ${where}`);
  }

  expectString(what: string): string {
    return this.kind === "string" ? this.take() : this.fail(what);
  }

  /** A name that may be qualified. */
  expectIdentifier(what: string): NameNode {
    if (this.kind !== "identifier") this.fail(what);
    const { at } = this;
    return { text: this.take(), at };
  }

  /** The name of something declared here. */
  expectName(what: string): NameNode {
    const name = this.expectIdentifier(what);
    this.checkSimple(name);
    return name;
  }

  checkSimple(name: NameNode): void {
    if (name.text.includes("."))
      this.complain("IDL_SYNTAX", name.at, `a declared name may not contain a dot, found '${name.text}'`);
  }

  /** Notes a fault that does not disturb the parser. */
  complain(code: IdlFaultCode, at: number, message: string): void {
    this.faults.add(code, { source: this.source, at }, message);
  }

  warn(at: number, message: string): void {
    this.faults.warn("IDL_SYNTAX", { source: this.source, at }, message);
  }

  /** Called at each level of what the grammar nests: nothing recurses as deep as the input would like. */
  checkDepth(depth: number, what: string): void {
    const { maxNesting } = this.limits;
    if (depth > maxNesting) this.complain("IDL_LIMIT", this.at, `a ${what} of more than ${maxNesting} levels`);
  }

  /** Notes what was expected instead of the current token, and gives up on what is being parsed. */
  fail(expected: string): never {
    const message = this.kind === "bad" ? this.text : `expected ${expected}, found ${this.#describe()}`;
    this.complain("IDL_SYNTAX", this.at, message);
    throw new SyntaxFault();
  }

  /**
   * Goes on after a fault in an item of a list: behind the next separator, or at the list's end, or at the next line.
   * Leaves the list, by throwing again, where the next definition or the end of the file shows that the list was not closed,
   * and at the end of a line where the list is part of an item itself.
   */
  resumeInList(error: unknown, itemStart: number, isInner: boolean): void {
    if (!(error instanceof SyntaxFault)) throw error;
    if (this.at === itemStart && !this.#startsDefinition() && !this.isSymbol("}") && this.kind !== "end") this.#lexer.next();
    let depth = 0;
    for (; this.kind !== "end" && !this.#startsDefinition(); this.#lexer.next()) {
      if (depth === 0) {
        if (this.isSymbol(isInner ? ")" : "}")) return;
        if (isInner && (this.isSymbol("}") || this.#lexer.startsLine)) break;
        if (this.#lexer.startsLine) return;
        if (this.isSymbol(",") || this.isSymbol(";")) {
          this.take();
          return;
        }
      }
      if (this.isSymbol("(") || this.isSymbol("[") || this.isSymbol("{")) depth++;
      else if (depth > 0 && (this.isSymbol(")") || this.isSymbol("]") || this.isSymbol("}"))) depth--;
    }
    throw error;
  }

  /** Goes on after a fault in a definition: at the next word that starts one. */
  resumeAtDefinition(error: unknown): void {
    if (!(error instanceof SyntaxFault)) throw error;
    let depth = 0;
    for (; this.kind !== "end" && !this.#startsDefinition(); this.#lexer.next()) {
      if (depth === 0 && this.kind === "keyword" && DEFINITION_WORDS.has(this.text)) return;
      if (this.isSymbol("{")) depth++;
      else if (depth > 0 && this.isSymbol("}")) depth--;
    }
  }

  #startsDefinition(): boolean {
    return this.kind === "keyword" && DEFINITION_WORDS.has(this.text) && this.#lexer.startsLine;
  }

  #describe(): string {
    const text = printable(this.text);
    switch (this.kind) {
      case "end":
        return "the end of the file";
      case "keyword":
        return `the reserved word '${text}'`;
      case "string":
        return `the string "${text}"`;
      case "unexpected":
        return text === this.text && text > " " ? `'${text}'` : `the character U+${codePoint(this.text)}`;
      default:
        return `'${text}'`;
    }
  }

  #checkLength(): void {
    const { kind, text } = this.#lexer;
    if (kind === "identifier" && text.length > this.limits.maxIdentifierLength) {
      this.complain(
        "IDL_LIMIT",
        this.at,
        `a name of ${text.length} characters; at most ${this.limits.maxIdentifierLength} are allowed`,
      );
    }
  }
}

function codePoint(character: string): string {
  return character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
}
