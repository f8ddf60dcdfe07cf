/** A JSON tree that loses nothing: numbers keep their text, objects their order and repetitions. Slow and obvious. */
export type JsonTree =
  | { readonly kind: "null" }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "array"; readonly elements: readonly JsonTree[] }
  | { readonly kind: "object"; readonly entries: readonly (readonly [key: string, value: JsonTree])[] };

/** Parses a whole text. @throws {SyntaxError} no JSON, or a key twice in an object */
export function parseJsonTree(text: string): JsonTree {
  let rest = text;
  const tree = value();
  if (rest !== "") throw new SyntaxError(`behind the value: ${rest}`);
  return tree;

  function take(pattern: RegExp): string | undefined {
    const match = pattern.exec(rest)?.[0];
    if (match !== undefined) rest = rest.slice(match.length);
    return match;
  }

  function expect(pattern: RegExp): string {
    const match = take(pattern);
    if (match === undefined) throw new SyntaxError(`${pattern} expected at: ${rest.slice(0, 20)}`);
    return match;
  }

  function value(): JsonTree {
    take(/^[ \t\r\n]+/);
    const tree = bareValue();
    take(/^[ \t\r\n]+/);
    return tree;
  }

  function bareValue(): JsonTree {
    if (take(/^null/)) return { kind: "null" };
    if (take(/^true/)) return { kind: "bool", value: true };
    if (take(/^false/)) return { kind: "bool", value: false };
    if (rest.startsWith('"')) return { kind: "string", value: string() };
    if (take(/^\[/)) return { kind: "array", elements: items(/^\]/, value) };
    if (take(/^\{/)) {
      const entries = items(/^\}/, (): readonly [string, JsonTree] => {
        take(/^[ \t\r\n]+/);
        const key = string();
        take(/^[ \t\r\n]+/);
        expect(/^:/);
        return [key, value()];
      });
      if (new Set(entries.map(([key]) => key)).size < entries.length) throw new SyntaxError("a key twice");
      return { kind: "object", entries };
    }
    return { kind: "number", text: expect(/^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) };
  }

  function string(): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings
    const literal = expect(/^"([^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"/);
    return JSON.parse(literal) as string;
  }

  function items<Item>(close: RegExp, item: () => Item): Item[] {
    const all: Item[] = [];
    take(/^[ \t\r\n]+/);
    if (take(close)) return all;
    do {
      all.push(item());
    } while (take(/^,/));
    take(/^[ \t\r\n]+/);
    expect(close);
    return all;
  }
}

/** The same text for the same JSON, whatever the order of its keys. */
export function canonicalJson(tree: JsonTree): string {
  switch (tree.kind) {
    case "null":
      return "null";
    case "bool":
      return String(tree.value);
    case "number":
      return tree.text;
    case "string":
      return JSON.stringify(tree.value);
    case "array":
      return `[${tree.elements.map(canonicalJson).join()}]`;
    case "object":
      return `{${tree.entries
        .map(([key, value]) => `${JSON.stringify(key)}:${canonicalJson(value)}`)
        .toSorted((a, b) => (a < b ? -1 : 1))
        .join()}}`;
  }
}
