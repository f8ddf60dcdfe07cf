import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Who waits for a response to be over. */
export interface CallerWatcher {
  /** The response is over: sent to its end, or its connection is gone. Called at least once. */
  onResponseClosed(): void;
}

const watcher = Symbol("watcher");
const queued = Symbol("queued");

interface WatchedResponse extends ServerResponse {
  [watcher]?: CallerWatcher;
}

interface PipeliningSocket extends Socket {
  [queued]?: Set<WatchedResponse>;
}

export function watchCaller(req: IncomingMessage, res: ServerResponse, onResponse: CallerWatcher): void {
  (res as WatchedResponse)[watcher] = onResponse;
  res.on("close", onClose);
  // A response that waits for those before it has no socket yet, and node:http never closes it when the connection goes.
  if (res.socket === null) queue(req.socket, res);
}

function onClose(this: WatchedResponse): void {
  (this.req.socket as PipeliningSocket)[queued]?.delete(this);
  this[watcher]!.onResponseClosed();
}

function queue(socket: PipeliningSocket, res: WatchedResponse): void {
  if (socket[queued] === undefined) {
    socket[queued] = new Set();
    socket.once("close", onSocketClose);
  }
  socket[queued].add(res);
}

function onSocketClose(this: PipeliningSocket): void {
  for (const res of this[queued]!) res[watcher]!.onResponseClosed();
  this[queued]!.clear();
}
