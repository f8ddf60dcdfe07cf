import type { Socket } from "node:net";

/** Long enough for an answer to reach a caller that is still sending. */
const lingerMs = 1_000;

const state = Symbol("state");

/** `last`: the request under way is the last. `closing`: its answer, if any is due, closes the connection, whatever comes. */
interface EndingSocket extends Socket {
  [state]?: "last" | "closing";
}

/**
 * No further request of this connection is taken: what follows a request that was refused, or one that was told
 * `Connection: close`, may be another's, smuggled in.
 */
export function refuseFurtherRequests(socket: EndingSocket): void {
  socket[state] ??= "last";
}

export function refusesFurtherRequests(socket: EndingSocket): boolean {
  return socket[state] !== undefined;
}

export function markClosing(socket: EndingSocket): void {
  socket[state] = "closing";
}

export function isClosing(socket: EndingSocket): boolean {
  return socket[state] === "closing";
}

/**
 * The connection closes after the answer under way. Closing with bytes unread would reset it, and the caller could lose the
 * answer (RFC 9112, section 9.6): our half closes at once, the rest a little later; what arrives in between is discarded.
 */
export function closeAfterAnswer(socket: Socket): void {
  markClosing(socket);
  // node:http calls this once an answer with `Connection: close` has been handed over.
  socket.destroySoon = endThenDestroy;
}

function endThenDestroy(this: Socket): void {
  this.end();
  const timer = setTimeout(() => this.destroy(), lingerMs).unref();
  this.once("close", () => clearTimeout(timer));
}

/** Writes a whole response where there is no ServerResponse to do it, and closes. */
export function endWith(socket: Socket, response: string): void {
  closeAfterAnswer(socket);
  if (socket.writable) socket.write(response);
  socket.destroySoon();
}
