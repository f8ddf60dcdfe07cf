import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Requests of one connection under way behind its oldest. Their answers go out in order anyway, and without a bound one
 * caller's packet of a thousand requests would fill the line that others wait in.
 */
const maxAhead = 16;

/**
 * Requests that wait for their turn before no more are read: each costs far more memory than its bytes. Not fewer, since
 * while nothing is read, it goes unnoticed that the caller is gone.
 */
const maxWaiting = 256;

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
  #scheduled: boolean = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    // node:http resumes the socket after each message, and a body's reader does too.
    socket.on("resume", () => this.#pauseWhileFull());
    socket.once("close", () => {
      this.#waiting.length = 0;
    });
  }

  add(res: ServerResponse, start: () => void): void {
    if (this.#ahead < maxAhead && this.#waiting.length === 0) {
      this.#run(res, start);
      return;
    }
    this.#waiting.push({ res, start });
    this.#pauseWhileFull();
  }

  #pauseWhileFull(): void {
    if (this.#waiting.length > maxWaiting) this.#socket.pause();
  }

  #run(res: ServerResponse, start: () => void): void {
    this.#ahead += 1;
    res.once("close", this.#onAnswered);
    start();
  }

  /** Others get their turn in between: a packet can hold two thousand requests that are answered at once. */
  readonly #onAnswered = (): void => {
    this.#ahead -= 1;
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(this.#advance);
  };

  readonly #advance = (): void => {
    this.#scheduled = false;
    for (const { res, start } of this.#waiting.splice(0, maxAhead - this.#ahead)) this.#run(res, start);
    if (this.#waiting.length <= maxWaiting) this.#socket.resume();
  };
}
