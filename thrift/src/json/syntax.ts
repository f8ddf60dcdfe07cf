import { Ascii, escapeValues, hexValues } from "./ascii.ts";
import { input } from "./input.ts";
import type { RequestFaultCode } from "./request-fault.ts";
import { utf8Length } from "./utf8.ts";

export interface SyntaxFault {
  readonly code: RequestFaultCode;
  readonly offset: number;
  readonly message: string;
}

/**
 * Why the text in `input` is no JSON, or not in UTF-8, or nested deeper than `maxDepth`; the first that holds. It reads the
 * whole text without recursion, however deep.
 */
export function syntaxFault(maxDepth: number): SyntaxFault | undefined {
  return new SyntaxCheck(maxDepth).run();
}

/** What may come next. */
type Expected = "value" | "value or ]" | "key" | "key or }" | ", or ]" | ", or }" | "end";

const described: Readonly<Record<Expected, string>> = {
  value: "a value",
  "value or ]": 'a value or "]"',
  key: "a key in quotes",
  "key or }": 'a key in quotes or "}"',
  ", or ]": '"," or "]"',
  ", or }": '"," or "}"',
  end: "nothing more",
};

class SyntaxCheck {
  readonly #maxDepth: number;
  /** The open containers: 1 for an object, 0 for an array. */
  #open = new Uint8Array(64);
  #depth = 0;
  #p = 0;
  #utf8Fault = -1;
  #depthFault = -1;

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  run(): SyntaxFault | undefined {
    const { bytes } = input;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
      return invalid(0, "a byte order mark stands before the text");
    let expected: Expected = "value";
    for (;;) {
      this.#skipWhitespace();
      if (this.#p >= input.end) {
        if (expected !== "end") return invalid(this.#p, `expected ${described[expected]}, found the end of the text`);
        break;
      }
      const next = this.#step(expected, bytes[this.#p]!);
      if (typeof next !== "string") return next;
      expected = next;
    }
    if (this.#utf8Fault >= 0) {
      return { code: "INVALID_UTF8", offset: this.#utf8Fault, message: "the text is not valid UTF-8, or has a lone surrogate" };
    }
    if (this.#depthFault >= 0) {
      return { code: "JSON_TOO_DEEP", offset: this.#depthFault, message: `nested more than ${this.#maxDepth} levels deep` };
    }
    return undefined;
  }

  #step(expected: Expected, char: number): Expected | SyntaxFault {
    switch (expected) {
      case "value or ]":
        if (char === Ascii.bracketClose) return this.#close();
        return this.#value(expected, char);
      case "value":
        return this.#value(expected, char);
      case "key or }":
        if (char === Ascii.braceClose) return this.#close();
        return this.#key(expected, char);
      case "key":
        return this.#key(expected, char);
      case ", or ]":
        if (char === Ascii.bracketClose) return this.#close();
        if (char !== Ascii.comma) return unexpected(this.#p, expected);
        this.#p++;
        return "value";
      case ", or }":
        if (char === Ascii.braceClose) return this.#close();
        if (char !== Ascii.comma) return unexpected(this.#p, expected);
        this.#p++;
        return "key";
      case "end":
        return unexpected(this.#p, expected);
    }
  }

  #value(expected: Expected, char: number): Expected | SyntaxFault {
    switch (char) {
      case Ascii.braceOpen:
        return this.#openContainer(1, "key or }");
      case Ascii.bracketOpen:
        return this.#openContainer(0, "value or ]");
      case Ascii.quote:
        return this.#string() ?? this.#after();
      case Ascii.t:
        return this.#word("true") ?? this.#after();
      case Ascii.f:
        return this.#word("false") ?? this.#after();
      case Ascii.n:
        return this.#word("null") ?? this.#after();
      default:
        if (char !== Ascii.minus && !isDigit(char)) return unexpected(this.#p, expected);
        return this.#number() ?? this.#after();
    }
  }

  #key(expected: Expected, char: number): Expected | SyntaxFault {
    if (char !== Ascii.quote) return unexpected(this.#p, expected);
    const fault = this.#string();
    if (fault !== undefined) return fault;
    this.#skipWhitespace();
    if (input.bytes[this.#p] !== Ascii.colon) return invalid(this.#p, `expected ":", found ${foundAt(this.#p)}`);
    this.#p++;
    return "value";
  }

  #openContainer(kind: 0 | 1, next: Expected): Expected {
    if (this.#depth === this.#maxDepth && this.#depthFault < 0) this.#depthFault = this.#p;
    if (this.#depth === this.#open.length) {
      const larger = new Uint8Array(this.#open.length * 2);
      larger.set(this.#open);
      this.#open = larger;
    }
    this.#open[this.#depth++] = kind;
    this.#p++;
    return next;
  }

  #close(): Expected {
    this.#depth--;
    this.#p++;
    return this.#after();
  }

  #after(): Expected {
    if (this.#depth === 0) return "end";
    return this.#open[this.#depth - 1] === 1 ? ", or }" : ", or ]";
  }

  #skipWhitespace(): void {
    const { bytes } = input;
    while (isWhitespace(bytes[this.#p]!)) this.#p++;
  }

  #word(word: string): SyntaxFault | undefined {
    for (let i = 0; i < word.length; i++) {
      if (input.bytes[this.#p + i] !== word.charCodeAt(i)) return invalid(this.#p + i, `expected ${word}`);
    }
    this.#p += word.length;
    return undefined;
  }

  #number(): SyntaxFault | undefined {
    const { bytes } = input;
    if (bytes[this.#p] === Ascii.minus) this.#p++;
    const zero = bytes[this.#p] === Ascii.zero;
    if (!this.#digits()) return invalid(this.#p, "expected a digit");
    if (zero && this.#digitsRead > 1) return invalid(this.#p - 1, "a number has a zero in front");
    if (bytes[this.#p] === Ascii.dot) {
      this.#p++;
      if (!this.#digits()) return invalid(this.#p, "expected a digit");
    }
    if ((bytes[this.#p]! | 0x20) === Ascii.e) {
      this.#p++;
      if (bytes[this.#p] === Ascii.plus || bytes[this.#p] === Ascii.minus) this.#p++;
      if (!this.#digits()) return invalid(this.#p, "expected a digit");
    }
    return undefined;
  }

  #digitsRead = 0;

  #digits(): boolean {
    const from = this.#p;
    while (isDigit(input.bytes[this.#p]!)) this.#p++;
    this.#digitsRead = this.#p - from;
    return this.#digitsRead > 0;
  }

  #string(): SyntaxFault | undefined {
    const { bytes, view } = input;
    const start = this.#p++;
    for (;;) {
      const char = bytes[this.#p]!;
      if (char === Ascii.quote) {
        this.#p++;
        return undefined;
      }
      if (char > 0x7f) {
        const length = utf8Length(view, this.#p);
        if (length === 0) this.#noteUtf8(start);
        this.#p += length === 0 ? 1 : length;
      } else if (char === Ascii.backslash) {
        const fault = this.#escape(start);
        if (fault !== undefined) return fault;
      } else if (char < Ascii.space) {
        if (this.#p >= input.end) return invalid(input.end, "a string does not end");
        return invalid(this.#p, "a string holds a control character, which must be escaped: \\n for a line break");
      } else this.#p++;
    }
  }

  #escape(start: number): SyntaxFault | undefined {
    const { bytes } = input;
    const letter = bytes[this.#p + 1]!;
    if (escapeValues[letter] !== 0) {
      this.#p += 2;
      return undefined;
    }
    const unit = this.#codeUnit(this.#p);
    if (unit < 0) return invalid(this.#p, "a string has an escape that JSON does not know");
    this.#p += 6;
    if (unit < 0xd800 || unit > 0xdfff) return undefined;
    const second = unit < 0xdc00 ? this.#codeUnit(this.#p) : -1;
    if (second >= 0xdc00 && second <= 0xdfff) this.#p += 6;
    else this.#noteUtf8(start);
    return undefined;
  }

  /** −1: no `\uXXXX` stands there. */
  #codeUnit(p: number): number {
    const { bytes } = input;
    if (bytes[p] !== Ascii.backslash || bytes[p + 1] !== Ascii.u) return -1;
    let unit = 0;
    for (let i = 2; i < 6; i++) {
      const digit = hexValues[bytes[p + i]!]!;
      if (digit > 15) return -1;
      unit = unit * 16 + digit;
    }
    return unit;
  }

  #noteUtf8(offset: number): void {
    if (this.#utf8Fault < 0) this.#utf8Fault = offset;
  }
}

function isDigit(char: number): boolean {
  return char >= Ascii.zero && char < Ascii.zero + 10;
}

function isWhitespace(char: number): boolean {
  return char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09;
}

function unexpected(p: number, expected: Expected): SyntaxFault {
  return invalid(p, `expected ${described[expected]}, found ${foundAt(p)}`);
}

function foundAt(p: number): string {
  if (p >= input.end) return "the end of the text";
  const char = input.bytes[p]!;
  return char > Ascii.space && char < 0x7f
    ? `"${String.fromCharCode(char)}"`
    : `the byte 0x${char.toString(16).padStart(2, "0")}`;
}

function invalid(offset: number, message: string): SyntaxFault {
  return { code: "INVALID_JSON", offset, message };
}
