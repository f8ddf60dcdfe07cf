import { STATUS_CODES } from "node:http";

const statusLines = new Map<number, string>();

function statusLine(status: number): string {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "unknown"}\r\n`;
    statusLines.set(status, line);
  }
  return line;
}

/** Writes the heads of answers as `node:http` would. */
export class ResponseHead {
  readonly #keepAlive: string;
  #second = 0;
  #date = "";

  constructor(keepAliveTimeoutMs: number) {
    const timeout = keepAliveTimeoutMs === 0 ? "" : `Keep-Alive: timeout=${Math.floor(keepAliveTimeoutMs / 1_000)}\r\n`;
    this.#keepAlive = `Connection: keep-alive\r\n${timeout}\r\n`;
  }

  /** `fields`: names and values in turn, which were checked. */
  text(status: number, fields: readonly string[], keepAlive: boolean): string {
    let text = statusLine(status);
    for (let index = 0; index < fields.length; index += 2) text += `${fields[index]}: ${fields[index + 1]}\r\n`;
    return text + this.#dateLine() + (keepAlive ? this.#keepAlive : "Connection: close\r\n\r\n");
  }

  #dateLine(): string {
    const nowMs = Date.now();
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = `Date: ${new Date(nowMs).toUTCString()}\r\n`;
    }
    return this.#date;
  }
}
