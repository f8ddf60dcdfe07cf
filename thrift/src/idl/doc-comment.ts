/** The text of a documentation comment: without the stars at the left edge and the blanks around. */
export function cleanDocComment(body: string): string | undefined {
  const lines = body.split("\n").map((untrimmed, index) => {
    const line = untrimmed.trim();
    if (/^\*+$/.test(line)) return "";
    if (index === 0 || !line.startsWith("*")) return line;
    return line.slice(line.startsWith("* ") ? 2 : 1);
  });
  const text = lines.join("\n").trim();
  return text === "" ? undefined : text;
}
