import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

/** What a gateway answered, whatever its status. */
export interface GatewayAnswer {
  readonly status: number;
  /** The JSON object of the answer; empty where it is none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** `retry-after`, where it is a number of seconds. */
  readonly retryAfterMs: number | undefined;
}

/** An answer of a gateway is a few hundred bytes; this is only a bound against a stranger at that address. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Posts JSON to a gateway. Rejects with an Error when no answer arrives within `timeoutMs`.
 * A connection of its own for each request, so that none is found dead when it is needed; its socket keeps no process alive.
 */
export function postJson(gateway: string, path: string, body: unknown, timeoutMs: number): Promise<GatewayAnswer> {
  const url = new URL(path, gateway.endsWith("/") ? gateway : `${gateway}/`);
  const payload = JSON.stringify(body);
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: "POST",
        agent: false,
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(payload) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) request.destroy(new Error("its answer is too long for a gateway's"));
        });
        response.on("error", fail);
        response.on("end", () => {
          clearTimeout(timer);
          const seconds = Number(response.headers["retry-after"]);
          resolve({
            status: response.statusCode ?? 0,
            body: parseObject(Buffer.concat(chunks).toString()),
            retryAfterMs: seconds > 0 ? seconds * 1000 : undefined,
          });
        });
      },
    );
    // For the whole exchange: a socket's own time-out begins anew with each byte.
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs).unref();
    request.on("socket", (socket) => socket.unref());
    request.on("error", fail);
    request.end(payload);

    function fail(cause: Error): void {
      clearTimeout(timer);
      reject(new Error(`The gateway at ${url.origin} can't be reached: ${cause.message || String(cause)}`, { cause }));
    }
  });
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
