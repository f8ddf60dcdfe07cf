import type { IncomingHttpHeaders } from "node:http";
import { digestApiKey, matchesKeyDigest } from "../core/api-key.ts";
import { GatewayError } from "../core/errors.ts";
import type { TextRule } from "./fields.ts";

/** A key in a body is any text: what is no key is answered like a wrong one. */
export const KEY_RULE: TextRule = { maxLength: Number.MAX_SAFE_INTEGER, multiline: true };

/** Who a key stands for. */
export type KeyHolder = "owner" | "master";

export interface KeyCheck {
  isMaster(key: string): boolean;
  /**
   * The key of the owner with this digest, or the master key.
   * @throws {GatewayError} UNAUTHENTICATED
   */
  assertOwner(key: string, keyDigest: string): KeyHolder;
}

/** `masterKeyDigest` is asked at each check: a generated master key is known only once the store is open. */
export function createKeyCheck(masterKeyDigest: () => string | undefined): KeyCheck {
  const isMaster = (key: string) => matchesKeyDigest(key, masterKeyDigest() ?? "");
  return {
    isMaster,
    assertOwner(key, keyDigest) {
      if (matchesKeyDigest(key, keyDigest)) return "owner";
      if (isMaster(key)) return "master";
      throw unauthenticated();
    },
  };
}

/** One text for every reason, so that a stranger learns nothing from it. */
export function unauthenticated(scheme: "ApiKey" | "Bearer" = "ApiKey"): GatewayError {
  return new GatewayError("UNAUTHENTICATED", "The key is missing or wrong.", {
    headers: { "www-authenticate": `${scheme} realm="thriftgate"` },
  });
}

/** Whether `key` is `expected`, in constant time. */
export function isSameKey(key: string, expected: string): boolean {
  return matchesKeyDigest(key, digestApiKey(expected));
}

/** From `Authorization: Bearer …` (RFC 6750). */
export function bearerToken({ authorization = "" }: IncomingHttpHeaders): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}
