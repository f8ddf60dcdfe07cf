/**
 * Checks a whole JSON text (RFC 8259) the way the codecs do: UTF-8, no BOM, one value, no key twice in an object, bounded
 * nesting. For bodies that `JSON.parse` reads afterwards.
 * @throws {RequestFault} INVALID_JSON, INVALID_UTF8, DUPLICATE_KEY, JSON_TOO_DEEP
 */
export const assertStrictJson: (json: Uint8Array, maxDepth: number) => void = () => {
  throw new Error("to be built");
};
