/**
 * JSON that may hold comments and a comma after the last member: what editors call jsonc. A name given twice is refused.
 * Throws a SyntaxError that begins with line:column, which JSON.parse does not always say.
 */
export function parseJsonWithComments(text: string): unknown {
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  let token = "";
  advance();
  const value = readValue(0);
  if (at < text.length) fail("the end");
  return value;

  /** To the next token; `""` is the end. */
  function advance(): void {
    at += token.length;
    BLANK.lastIndex = at;
    at += BLANK.exec(text)![0].length;
    TOKEN.lastIndex = at;
    token = TOKEN.exec(text)?.[0] ?? "";
  }

  function take(expected: string): void {
    if (token !== expected) fail(expected);
    advance();
  }

  function readValue(depth: number): unknown {
    if (depth > MAX_DEPTH) fail(`at most ${MAX_DEPTH} levels`);
    if (token === "{") return readObject(depth);
    if (token === "[") return readArray(depth);
    return readScalar("a value");
  }

  function readScalar(expected: string): unknown {
    let value: unknown;
    try {
      value = JSON.parse(token);
    } catch {
      fail(expected);
    }
    advance();
    return value;
  }

  function readObject(depth: number): unknown {
    const members = new Map<string, unknown>();
    take("{");
    while (token !== "}") {
      if (!token.startsWith('"')) fail('a name in double quotes or "}"');
      if (members.has(JSON.parse(token))) fail(`each name once; ${token} stands here again`);
      const name = readScalar("a name") as string;
      take(":");
      members.set(name, readValue(depth + 1));
      if (token !== "}") take(",");
    }
    take("}");
    return Object.fromEntries(members);
  }

  function readArray(depth: number): unknown {
    const elements: unknown[] = [];
    take("[");
    while (token !== "]") {
      elements.push(readValue(depth + 1));
      if (token !== "]") take(",");
    }
    take("]");
    return elements;
  }

  function fail(expected: string): never {
    const lines = text
      .slice(0, at)
      .replace(/^\uFEFF/, "")
      .split(/\r\n|\n|\r/);
    // Neither text nor a word is repeated: it may be a secret that lacks its quotes.
    const found = at === text.length ? "the end" : token.startsWith('"') ? "text" : token.length > 1 ? "a word" : text[at];
    throw new SyntaxError(`${lines.length}:${lines.at(-1)!.length + 1}: not JSON: ${found}; expected ${expected}`);
  }
}

/** A configuration has three levels; this only keeps the stack safe. */
const MAX_DEPTH = 100;
const BLANK = /(?:\s|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/)*/y;
const TOKEN = /"(?:[^"\\\n\r]|\\.)*"|[{}[\]:,]|[\w.+-]+/y;
