import { expect, test } from "vitest";
import { digestApiKey, generateApiKey, matchesKeyDigest } from "../../../../gateway/src/core/api-key.ts";

test("a key has 256 bits in characters that need no escaping", () => {
  const keys = Array.from({ length: 100 }, generateApiKey);
  expect(new Set(keys).size).toBe(100);
  for (const key of keys) {
    expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(Buffer.from(key, "base64url")).toHaveLength(32);
  }
});

test("its digest is SHA-256 in hex", () => {
  expect(digestApiKey("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("only the key itself matches its digest", () => {
  const key = generateApiKey();
  const digest = digestApiKey(key);
  expect(matchesKeyDigest(key, digest)).toBe(true);
  for (const other of ["", `${key} `, key.slice(1), key.toUpperCase(), digest, "x".repeat(513)]) {
    expect(matchesKeyDigest(other, digest)).toBe(false);
  }
});

test("nothing matches what is no digest", () => {
  for (const digest of ["", "x", "ä".repeat(64)]) expect(matchesKeyDigest("", digest)).toBe(false);
});
