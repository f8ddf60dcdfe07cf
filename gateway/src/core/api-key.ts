import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Far longer than any key of ours or of the original's; what is longer is not worth hashing. */
const MAX_KEY_LENGTH = 512;

/** 256 random bits, as 43 characters that need no escaping anywhere. */
export function generateApiKey(): string {
  return randomBytes(32).toString("base64url");
}

/** SHA-256, 64 hex digits. A key has 256 random bits, so that a slow hash would protect nothing. */
export function digestApiKey(key: string): string {
  return createHash("sha256").update(key, "utf8").digest("hex");
}

/** Whether `key` is the one behind `digest`, in a time that tells nothing about either. */
export function matchesKeyDigest(key: string, digest: string): boolean {
  if (key.length > MAX_KEY_LENGTH) return false;
  const actual = Buffer.from(digestApiKey(key));
  const expected = Buffer.from(digest);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
