import { EventEmitter, once } from "node:events";
import type { Socket } from "node:net";
import type { ListenOptions } from "../../gateway/src/data-plane/http/listen.ts";

/** Which part of the gateway reads requests from sockets: `node:http`, or our own front before it. */
export const fronts = ["node", "net"] as const;
export type Front = (typeof fronts)[number];

/** A request that is answered when the test says so. */
export interface HeldRequest {
  end(body: string): void;
  /** Resolves when it is answered, or its caller is gone. */
  readonly closed: Promise<unknown>;
  /** Of those that node:http read. */
  readonly socket: Socket | undefined;
}

/** A listener's side of requests that nobody answers but the test. */
export function holdRequests(front: Front) {
  const held: HeldRequest[] = [];
  const changes = new EventEmitter();
  const add = (request: HeldRequest) => {
    held.push(request);
    changes.emit("held");
  };
  const options: Pick<ListenOptions, "requestListener" | "calls"> = {
    requestListener(req, res) {
      req.resume();
      add({ end: (body) => res.end(body), closed: once(res, "close"), socket: req.socket });
    },
  };
  const calls: ListenOptions["calls"] = {
    takes: () => true,
    onCall(caller) {
      const closed = new Promise<void>((resolve) => caller.watch({ onAnswerClosed: resolve }));
      const end = (body: string) => caller.answer(200, ["content-length", String(body.length)], Buffer.from(body));
      add({ end, closed, socket: undefined });
    },
  };
  return {
    held,
    options: front === "net" ? { ...options, calls } : options,
    async until(count: number): Promise<void> {
      while (held.length < count) await once(changes, "held");
    },
  };
}
