import type { Dialect } from "../../snapshot/snapshot.ts";

export const TRANSPORTS: readonly Dialect["transport"][] = ["framed", "buffered", "header", "ttheader"];
export const PROTOCOLS: readonly Dialect["protocol"][] = ["binary", "compact"];

/**
 * What an instance declares in `Meta.transport`, `Meta.protocol` and `Meta.multiplexed`; framed binary where it says nothing, or
 * nothing that is known.
 */
/** It says nothing, so that the data plane finds out. */
export function isDialectGuessed(meta: Readonly<Record<string, string>>): boolean {
  return !Object.hasOwn(meta, "transport") && !Object.hasOwn(meta, "protocol");
}

export function dialectOf(meta: Readonly<Record<string, string>>): Dialect {
  return {
    transport: TRANSPORTS.find((name) => name === meta.transport) ?? "framed",
    protocol: PROTOCOLS.find((name) => name === meta.protocol) ?? "binary",
    ...(meta.multiplexed ? { multiplexed: meta.multiplexed } : {}),
  };
}
