import { digestApiKey, generateApiKey } from "../core/api-key.ts";
import type { Store } from "./store/store.ts";

const SETTING = "masterKeyDigest";

/**
 * The digest of the key that may act for any owner: the configured one, else the one that the first start generates, tells to
 * `announce`, and stores as a digest alone.
 */
export async function openMasterKey(
  store: Store,
  configured: string | undefined,
  announce: (masterKey: string) => void,
): Promise<string> {
  if (configured !== undefined) return digestApiKey(configured);
  const stored = await store.setting(SETTING);
  if (stored !== undefined) return stored;
  const masterKey = generateApiKey();
  const digest = digestApiKey(masterKey);
  // Of several gateways that start at once, one sets it.
  const held = await store.initSetting(SETTING, digest);
  if (held === digest) announce(masterKey);
  return held;
}
