import { createHash } from "node:crypto";

/** A UUID of our own that sets these names apart from others' (RFC 9562, section 5.5). */
const NAMESPACE = Buffer.from("6b1f7c1a3f6e4d0c9a557d0f1c2e8b64", "hex");

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The same server always gets the same ID: connecting again replaces, and a restarted server leaves no ghost. UUID version 5. */
export function serverIdOf(serviceName: string, address: string, port: number): string {
  const name = JSON.stringify([serviceName, address, port]);
  const bytes = createHash("sha1").update(NAMESPACE).update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** IDs go into registries' URLs: nothing but a UUID is one. */
export function isServerId(text: string): boolean {
  return UUID.test(text);
}
