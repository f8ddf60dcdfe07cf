import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface GatewayRequest {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What to answer: a status and a body; `"hang up"` without an answer; `"silence"`. */
export type FakeAnswer = readonly [status: number, body: unknown, headers?: Record<string, string>] | "hang up" | "silence";

export interface FakeGateway {
  readonly url: string;
  readonly port: number;
  /** All so far. */
  readonly requests: readonly GatewayRequest[];
  /** The next one from now on. */
  next(path?: string): Promise<GatewayRequest>;
  answer(decide: (request: GatewayRequest) => FakeAnswer): void;
  close(): Promise<void>;
}

/** The control plane as RPC servers see it, with answers as a test wants them; at first, all is well. */
export async function startFakeGateway(port = 0): Promise<FakeGateway> {
  const requests: GatewayRequest[] = [];
  const waiting = new Set<(request: GatewayRequest) => void>();
  let decide: (request: GatewayRequest) => FakeAnswer = allIsWell;

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of message) text += String(chunk);
    const request = { path: message.url ?? "", body: JSON.parse(text) as Record<string, unknown> };
    requests.push(request);
    const answer = decide(request);
    if (answer === "hang up") message.socket.destroy();
    else if (answer !== "silence") {
      const [status, body, headers] = answer;
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    }
    for (const tell of waiting) tell(request);
  }

  const server = createServer((message, response) => void serve(message, response));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    next: (path) =>
      new Promise((resolve) => {
        function tell(request: GatewayRequest): void {
          if (path !== undefined && request.path !== path) return;
          waiting.delete(tell);
          resolve(request);
        }
        waiting.add(tell);
      }),
    answer(next) {
      decide = next;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

export function allIsWell({ path, body }: GatewayRequest): FakeAnswer {
  if (path !== "/connect") return [200, { Status: "ok", Message: "Successfully updated server health." }];
  return [200, { Status: "ok", Message: "", ServerID: `id-${String(body.ServerPort)}`, ttlSeconds: 45, heartbeatMs: 100 }];
}
