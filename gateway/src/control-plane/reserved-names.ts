/** What stands on the public listener, or may come to: no service and no route begins with it, in any letter case. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([
  "register",
  "update",
  "connect",
  "disconnect",
  "health",
  "ping",
  "admin",
  "metrics",
  "live",
  "ready",
  "registryproxy",
]);

export function isReservedName(name: string): boolean {
  return RESERVED_NAMES.has(name.toLowerCase());
}
