import { explain } from "./explain.ts";
import { input, loadInput, releaseInput } from "./input.ts";
import { failSyntax, mismatch } from "./mismatch.ts";
import { skipValue, skipWhitespace } from "./skip.ts";

/**
 * Checks a whole JSON text (RFC 8259) the way the codecs do: UTF-8, no BOM, one value, no key twice in an object, bounded
 * nesting. For bodies that `JSON.parse` reads afterwards.
 * @throws {RequestFault} INVALID_JSON, INVALID_UTF8, DUPLICATE_KEY, JSON_TOO_DEEP
 */
export function assertStrictJson(json: Uint8Array, maxDepth: number): void {
  loadInput(json);
  try {
    const end = skipWhitespace(skipValue(skipWhitespace(0), maxDepth));
    if (end !== input.end) failSyntax(end);
  } catch (error) {
    throw error === mismatch ? explain(maxDepth) : error;
  } finally {
    releaseInput();
  }
}
