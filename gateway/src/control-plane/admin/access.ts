import type { IncomingHttpHeaders } from "node:http";
import { GatewayError } from "../../core/errors.ts";
import { isLoopbackHost } from "../../core/ip-address.ts";
import { bearerToken, isSameKey, unauthenticated } from "../key-check.ts";

/**
 * Refuses what a web page in the operator's browser may have sent: on loopback, a name that was rebound to it, or a
 * request from another site.
 * @throws {GatewayError} FORBIDDEN
 */
export function assertNoForeignPage(headers: IncomingHttpHeaders, adminHost: string): void {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") throw foreign();
  if (!isLoopbackHost(adminHost)) return;
  if (headers.host !== undefined && !isLoopbackHost(hostname(headers.host))) throw foreign();
  if (headers.origin !== undefined && !isLoopbackOrigin(headers.origin)) throw foreign();
}

/** @throws {GatewayError} UNAUTHENTICATED */
export function assertAdminKey(headers: IncomingHttpHeaders, adminKey: string | undefined): void {
  if (adminKey === undefined) return;
  const key = bearerToken(headers);
  if (key === undefined || !isSameKey(key, adminKey)) throw unauthenticated("Bearer");
}

/** Without the port, and IPv6 without its brackets. */
function hostname(host: string): string {
  return host.replace(/:[0-9]*$/, "").replace(/^\[(.*)\]$/, "$1");
}

function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && isLoopbackHost(hostname(new URL(origin).host));
}

function foreign(): GatewayError {
  return new GatewayError("FORBIDDEN", "The admin listener answers no other site's pages.");
}
