import { printable } from "./source.ts";

type TokenKind = "end" | "identifier" | "keyword" | "integer" | "double" | "string" | "symbol" | "unexpected" | "bad";

/** Words that are never identifiers. `uuid` is none: files older than the type use it as a name. */
const KEYWORDS = new Set(
  `namespace cpp_include cpp_type xsd_all xsd_optional xsd_nillable xsd_attrs include void bool byte i8 i16 i32 i64 double
  string binary slist senum map list set oneway async typedef struct union exception extends throws service enum const
  required optional`.split(/\s+/),
);

const OTHER = 0;
const LETTER = 1;
const DIGIT = 2;
const SYMBOL = 3;
const SIGN_OR_DOT = 4;
const QUOTE = 5;
const CHARACTER_CLASS = new Uint8Array(128);
for (const letter of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") CHARACTER_CLASS[letter.charCodeAt(0)] = LETTER;
for (const digit of "0123456789") CHARACTER_CLASS[digit.charCodeAt(0)] = DIGIT;
for (const symbol of ":;,{}()=<>[]*&") CHARACTER_CLASS[symbol.charCodeAt(0)] = SYMBOL;
for (const mark of "+-.") CHARACTER_CLASS[mark.charCodeAt(0)] = SIGN_OR_DOT;
for (const quote of "\"'") CHARACTER_CLASS[quote.charCodeAt(0)] = QUOTE;

const ESCAPES: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t", '"': '"', "'": "'", "\\": "\\" };

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const HASH = 0x23;
const STAR = 0x2a;
const DOT = 0x2e;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;

/** Holds one token at a time, the first one from the start. Every character is looked at a bounded number of times. */
export class Lexer {
  kind: TokenKind = "end";
  /** The token's text; of a string its value; of a bad token what is wrong with it. */
  text = "";
  start = 0;
  end = 0;
  /** The documentation comment right before the token, without its delimiters: from, to; −1 if there is none. */
  docStart = -1;
  docEnd = -1;
  readonly #source: string;
  #previousEnd = 0;

  constructor(source: string) {
    this.#source = source;
    this.next();
  }

  /** Whether the token is the first one in its line. */
  get startsLine(): boolean {
    if (this.#previousEnd === 0) return true;
    for (let at = this.#previousEnd; at < this.start; at++) if (this.#source.charCodeAt(at) === NEWLINE) return true;
    return false;
  }

  next(): void {
    this.#previousEnd = this.end;
    this.docStart = -1;
    const start = this.#skipBlanks(this.end);
    if (start < 0) return;
    this.start = start;
    if (start >= this.#source.length) {
      this.#accept("end", start, "");
      return;
    }
    const source = this.#source;
    const code = source.charCodeAt(start);
    switch (code < 128 ? CHARACTER_CLASS[code] : OTHER) {
      case LETTER:
        this.#readWord(start);
        break;
      case SYMBOL:
        this.#accept("symbol", start + 1, source[start]!);
        break;
      case DIGIT:
      case SIGN_OR_DOT:
        this.#readNumber(start);
        break;
      case QUOTE:
        this.#readString(start, code);
        break;
      default:
        this.#accept("unexpected", start + (source.codePointAt(start)! > 0xffff ? 2 : 1), "");
        this.text = source.slice(start, this.end);
    }
  }

  #accept(kind: TokenKind, end: number, text: string): void {
    this.kind = kind;
    this.end = end;
    this.text = text;
  }

  /** Where the next token starts; −1 when a comment without an end became the token. */
  #skipBlanks(from: number): number {
    const source = this.#source;
    let at = from;
    for (;;) {
      const code = source.charCodeAt(at);
      if (code === SPACE || code === NEWLINE || code === TAB || code === RETURN) {
        at++;
      } else if (code === HASH || (code === SLASH && source.charCodeAt(at + 1) === SLASH)) {
        const newline = source.indexOf("\n", at);
        at = newline < 0 ? source.length : newline;
      } else if (code === SLASH && source.charCodeAt(at + 1) === STAR) {
        const close = source.indexOf("*/", at + 2);
        if (close < 0) {
          this.start = at;
          this.#accept("bad", source.length, "this comment has no end");
          return -1;
        }
        if (source.charCodeAt(at + 2) === STAR && close > at + 2) {
          this.docStart = at + 3;
          this.docEnd = close;
        }
        at = close + 2;
      } else {
        return at;
      }
    }
  }

  #readWord(start: number): void {
    const source = this.#source;
    let at = start + 1;
    for (;;) {
      const code = source.charCodeAt(at);
      if (isWordCode(code)) at++;
      else if (code === DOT && isWordCode(source.charCodeAt(at + 1))) at += 2;
      else break;
    }
    const text = source.slice(start, at);
    if (text === "true" || text === "false") this.#accept("integer", at, text);
    else this.#accept(KEYWORDS.has(text) ? "keyword" : "identifier", at, text);
  }

  /** Takes the longest text that is a number, as the compiler does: `5x` is 5 and x, `1.` is 1 and a stray dot. */
  #readNumber(start: number): void {
    const source = this.#source;
    const first = source[start];
    const digits = first === "+" || first === "-" ? start + 1 : start;
    if (source[digits] === "0" && source[digits + 1] === "x") {
      const hexEnd = skipHexDigits(source, digits + 2);
      if (hexEnd > digits + 2) {
        this.#accept("integer", hexEnd, source.slice(start, hexEnd));
        return;
      }
    }
    let at = skipDigits(source, digits);
    let kind: TokenKind = "integer";
    if (source.charCodeAt(at) === DOT && isDigitCode(source.charCodeAt(at + 1))) {
      at = skipDigits(source, at + 1);
      kind = "double";
    }
    if (at === digits) {
      this.#accept("unexpected", start + 1, first!);
      return;
    }
    if (source[at] === "e" || source[at] === "E") {
      const sign = source[at + 1];
      const exponent = sign === "+" || sign === "-" ? at + 2 : at + 1;
      const exponentEnd = skipDigits(source, exponent);
      if (exponentEnd > exponent) {
        at = exponentEnd;
        kind = "double";
      }
    }
    this.#accept(kind, at, source.slice(start, at));
  }

  #readString(start: number, quote: number): void {
    const source = this.#source;
    let value = "";
    let problem = "";
    let copied = start + 1;
    for (let at = start + 1; ; at++) {
      const code = source.charCodeAt(at);
      if (code === quote) {
        value += source.slice(copied, at);
        this.#accept(problem === "" ? "string" : "bad", at + 1, problem === "" ? value : problem);
        return;
      }
      if (code === NEWLINE || Number.isNaN(code)) {
        this.#accept("bad", at, problem || "this string has no end in its line");
        return;
      }
      if (code === BACKSLASH) {
        const escaped = source[at + 1] ?? "";
        const character = ESCAPES[escaped];
        if (character === undefined) problem ||= `unknown escape '\\${printable(escaped)}'; known are \\r \\n \\t \\" \\' \\\\`;
        value += source.slice(copied, at) + (character ?? "");
        if (escaped !== "\n") at++;
        copied = at + 1;
      } else if (code === 0) {
        problem ||= "a string may not contain the character U+0000";
      } else if ((code & 0xf800) === 0xd800) {
        if (source.codePointAt(at)! < 0x10000) problem ||= "a string may not contain half of a surrogate pair";
        else at++;
      }
    }
  }
}

function isDigitCode(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWordCode(code: number): boolean {
  return code < 128 && (CHARACTER_CLASS[code] === LETTER || CHARACTER_CLASS[code] === DIGIT);
}

function skipDigits(source: string, from: number): number {
  let at = from;
  while (isDigitCode(source.charCodeAt(at))) at++;
  return at;
}

function skipHexDigits(source: string, from: number): number {
  let at = from;
  for (;;) {
    const code = source.charCodeAt(at);
    const lower = code | 0x20;
    if (!isDigitCode(code) && !(lower >= 0x61 && lower <= 0x66)) return at;
    at++;
  }
}
