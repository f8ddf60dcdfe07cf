import { assertJoinOptions, type JoinOptions } from "./join-options.ts";
import { Membership } from "./membership.ts";

/**
 * Joins a Thrift server to its gateways, keeps it there, and leaves with it: connects once the server listens, beats at the
 * rate that the gateway names, connects again after anything that separates the two, leaves on SIGTERM.
 *
 * Throws a TypeError for options that can never work. After that it never throws, never rejects, and keeps no process alive.
 */
export function joinGateway(options: JoinOptions): Membership {
  assertJoinOptions(options);
  return new Membership(options);
}
