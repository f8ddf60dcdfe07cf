import { GatewayError } from "../../core/errors.ts";

/** The entity tag of an owner's head. */
export function entityTag(version: number): string {
  return `"${version}"`;
}

const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

/**
 * Whether an If-Match header (RFC 9110, section 13.1.1) holds for this version; weak tags never do.
 * @throws {GatewayError} INVALID_FIELD
 */
export function matchesVersion(header: string, version: number): boolean {
  if (header.trim() === "*") return true;
  const tags = header.split(",").map((tag) => tag.trim());
  if (!tags.every((tag) => ENTITY_TAG.test(tag))) {
    throw new GatewayError("INVALID_FIELD", 'The header If-Match must be an entity tag like "3", or *.');
  }
  return tags.includes(entityTag(version));
}
