import type { IncomingMessage } from "node:http";
import { formatIpAddress, parseIpAddress, unmapIpv4 } from "./ip-address.ts";

const forwarded = new WeakMap<IncomingMessage, string>();

/** For a request that a worker hands on: who sent it to the worker. */
export function setForwardedPeer(request: IncomingMessage, address: string): void {
  forwarded.set(request, address);
}

/** The caller's IP address in its canonical form; empty where the connection is gone. */
export function peerOf(request: IncomingMessage): string {
  const address = forwarded.get(request) ?? request.socket.remoteAddress ?? "";
  const ip = parseIpAddress(address);
  return ip ? formatIpAddress(unmapIpv4(ip)) : address;
}
