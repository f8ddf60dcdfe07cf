import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { CallerWatcher } from "./caller.ts";

const watcher = Symbol("watcher");
const queued = Symbol("queued");

interface WatchedResponse extends ServerResponse {
  [watcher]?: CallerWatcher;
}

interface PipeliningSocket extends Socket {
  [queued]?: Set<WatchedResponse>;
}

export function watchResponse(res: ServerResponse, by: CallerWatcher): void {
  (res as WatchedResponse)[watcher] = by;
  res.on("close", onClose);
  // A response that waits for those before it has no socket yet, and node:http never closes it when the connection goes.
  if (res.socket === null) queue(res.req.socket, res);
}

function onClose(this: WatchedResponse): void {
  (this.req.socket as PipeliningSocket)[queued]?.delete(this);
  this[watcher]!.onAnswerClosed();
}

function queue(socket: PipeliningSocket, res: WatchedResponse): void {
  if (socket[queued] === undefined) {
    socket[queued] = new Set();
    socket.once("close", onSocketClose);
  }
  socket[queued].add(res);
}

function onSocketClose(this: PipeliningSocket): void {
  for (const res of this[queued]!) res[watcher]!.onAnswerClosed();
  this[queued]!.clear();
}
