import type { Dialect, Instance } from "../../snapshot/snapshot.ts";
import type { DialectOptions } from "../store/store.ts";

export const TRANSPORTS = ["framed", "buffered", "header", "ttheader"] as const satisfies readonly Dialect["transport"][];
export const PROTOCOLS = ["binary", "compact"] as const satisfies readonly Dialect["protocol"][];

/** Also `true`: the name that the service has in its IDL, and `false`. */
export const MULTIPLEXED = /^[A-Za-z_][\w.]*$/;
/** As certificates hold it. */
export const SERVER_NAME = /^(?=.{1,253}$)(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*$/;

/** What holds for instances of a service that say nothing of their own. */
export interface DialectDefaults {
  readonly options: DialectOptions;
  /** The service's name in its IDL. */
  readonly idlService: string | undefined;
}

type Meta = Readonly<Record<string, string>>;

/**
 * How an instance is spoken to: by its own word in `Meta`, else by its service's options. Where neither says transport or
 * protocol, it is a guess, and the data plane finds out.
 */
export function spokenTo(
  meta: Meta,
  { options, idlService }: DialectDefaults,
): Pick<Instance, "dialect" | "dialectIsGuess" | "tls"> {
  const transport = TRANSPORTS.find((name) => name === own(meta, "transport")) ?? options.transport;
  const protocol = PROTOCOLS.find((name) => name === own(meta, "protocol")) ?? options.protocol;
  const multiplexed = nameOf(own(meta, "multiplexed") ?? options.multiplexed, idlService);
  const serverName = own(meta, "tlsServerName") ?? options.tlsServerName;
  return {
    dialect: {
      transport: transport ?? "framed",
      protocol: protocol ?? "binary",
      ...(multiplexed !== undefined && { multiplexed }),
    },
    ...(transport === undefined && protocol === undefined && { dialectIsGuess: true }),
    ...(isOn(own(meta, "tls") ?? options.tls) && { tls: serverName === undefined ? {} : { serverName } }),
  };
}

function own(meta: Meta, name: string): string | undefined {
  return Object.hasOwn(meta, name) && meta[name] !== "" ? meta[name] : undefined;
}

function nameOf(multiplexed: string | boolean | undefined, idlService: string | undefined): string | undefined {
  if (multiplexed === true || multiplexed === "true") return idlService;
  return multiplexed === false || multiplexed === "false" ? undefined : multiplexed;
}

/** A word in the registry that nobody knows is no reason to speak without TLS. */
function isOn(tls: string | boolean | undefined): boolean {
  return tls !== undefined && tls !== false && tls !== "false";
}
