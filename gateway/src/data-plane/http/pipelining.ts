import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Requests of one connection under way behind its oldest. Their answers go out in order anyway, and without a bound one
 * caller's packet of a thousand requests would fill the line that others wait in.
 */
const maxAhead = 16;

const pipeline = Symbol("pipeline");

interface PipeliningSocket extends Socket {
  [pipeline]?: Pipeline;
}

/** For a request that came before the one in front of it was answered: runs `start` now, or when enough of those have been. */
export function inTurn(socket: Socket, res: ServerResponse, start: () => void): void {
  const pipelining: PipeliningSocket = socket;
  pipelining[pipeline] ??= new Pipeline(socket);
  pipelining[pipeline].add(res, start);
}

class Pipeline {
  readonly #socket: Socket;
  readonly #waiting: { readonly res: ServerResponse; readonly start: () => void }[] = [];
  #ahead = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.once("close", () => {
      this.#waiting.length = 0;
    });
  }

  add(res: ServerResponse, start: () => void): void {
    if (this.#ahead < maxAhead) {
      this.#run(res, start);
      return;
    }
    this.#waiting.push({ res, start });
    this.#socket.pause();
  }

  #run(res: ServerResponse, start: () => void): void {
    this.#ahead += 1;
    res.once("close", () => this.#answered());
    start();
  }

  #answered(): void {
    this.#ahead -= 1;
    const next = this.#waiting.shift();
    if (next !== undefined) this.#run(next.res, next.start);
    if (this.#waiting.length === 0) this.#socket.resume();
  }
}
