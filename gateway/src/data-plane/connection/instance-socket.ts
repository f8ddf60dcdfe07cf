import { isIP, type LookupFunction, Socket } from "node:net";
import { checkServerIdentity, connect as connectTls, TLSSocket } from "node:tls";
import type { Instance } from "../../snapshot/snapshot.ts";
import { type AddressCheck, assertLiteralAllowed, createCheckedLookup } from "./checked-lookup.ts";
import type { InstanceSecurity } from "./instance-security.ts";

/** A peer whose host vanished without a word is noticed within minutes. */
const keepAliveProbeAfterMs = 30_000;

export interface SocketContext {
  readonly lookup: LookupFunction;
  readonly checkAddress: AddressCheck;
  readonly security: InstanceSecurity;
}

export interface SocketEvents {
  /** There is a connection, but TLS is not agreed on. */
  onHandshake(): void;
  onOpen(): void;
}

/** A socket on its way to an instance. Its events come later, also when it must not go there, so that nobody is told from within a call. */
export function openSocket(instance: Instance, context: SocketContext, events: SocketEvents): Socket {
  const socket = createSocket(instance, context);
  socket.once("connect", () => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveProbeAfterMs);
    if (socket instanceof TLSSocket) events.onHandshake();
    else events.onOpen();
  });
  socket.once("secureConnect", () => events.onOpen());
  return socket;
}

function createSocket({ address, port, tls, service }: Instance, context: SocketContext): Socket {
  const { lookup, checkAddress, security } = context;
  try {
    assertLiteralAllowed(address, port, checkAddress);
    const place = { host: address, port, lookup: createCheckedLookup(lookup, checkAddress, port) };
    if (tls === undefined) return new Socket().connect(place);
    const name = tls.serverName ?? address;
    return connectTls({
      ...place,
      secureContext: security.tlsContext(service),
      // RFC 6066, section 3: an address is no server name.
      ...(isIP(name) === 0 && { servername: name }),
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      rejectUnauthorized: true,
    });
  } catch (error) {
    return new Socket().destroy(error as Error);
  }
}
