import { mkdtempSync, rmSync } from "node:fs";
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GatewayError } from "../core/errors.ts";
import { peerOf, setForwardedPeer } from "../core/peer.ts";

/** Only the primary reads it, and it comes from a worker alone: what a caller sends under this name is dropped. */
const peerHeader = "x-thriftgate-peer";
/** Longer than any bound of the control plane. */
const answerTimeoutMs = 60_000;
/** They belong to one connection (RFC 9110, section 7.6.1), or were dealt with by the worker. */
const notForwarded: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "te",
  "trailer",
  "expect",
  peerHeader,
]);

export interface ControlSocket {
  readonly path: string;
  close(): Promise<void>;
}

/** Where the primary takes what workers hand on: in a directory that only its own user may enter. */
export async function listenOnControlSocket(options: ServerOptions, listener: RequestListener): Promise<ControlSocket> {
  const directory = mkdtempSync(join(tmpdir(), "thriftgate-"));
  const path = join(directory, "control");
  // What a worker lets pass is not judged again.
  const server = createServer({ ...options, requireHostHeader: false, keepAliveTimeout: 0 }, (req, res) => {
    const peer = req.headers[peerHeader];
    if (typeof peer === "string") setForwardedPeer(req, peer);
    listener(req, res);
  });
  server.maxHeadersCount = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return {
    path,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Hands requests on to the primary, body and answer as they come. */
export function createForwarder(
  socketPath: string,
  onFailure: (req: IncomingMessage, res: ServerResponse, error: GatewayError) => void,
): (req: IncomingMessage, res: ServerResponse) => void {
  const agent = new Agent({ keepAlive: true });
  return (req, res) => {
    const headers = [...filterHeaders(req.rawHeaders, (name) => !notForwarded.has(name)), peerHeader, peerOf(req)];
    if (req.headers["transfer-encoding"] !== undefined) headers.push("transfer-encoding", "chunked");
    const onward = request({ agent, socketPath, method: req.method, path: req.url, headers, timeout: answerTimeoutMs });
    const fail = (cause: unknown): void => {
      onward.destroy();
      if (res.headersSent) res.destroy();
      else onFailure(req, res, new GatewayError("OVERLOADED", "The gateway's control plane does not answer.", { cause }));
    };
    onward.on("timeout", () => fail(new Error("no answer in time")));
    onward.on("error", fail);
    onward.on("response", (answer) => {
      // What is left of the body is not wanted.
      onward.off("error", fail).on("error", () => {});
      answer.on("error", fail);
      const isLast = answer.headers.connection === "close";
      const kept = filterHeaders(answer.rawHeaders, (name) => !notForwarded.has(name));
      res.writeHead(answer.statusCode!, isLast ? [...kept, "connection", "close"] : kept);
      answer.pipe(res);
    });
    res.once("close", () => onward.destroy());
    req.pipe(onward);
  };
}

function filterHeaders(rawHeaders: readonly string[], keeps: (lowerCaseName: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (keeps(rawHeaders[i]!.toLowerCase())) kept.push(rawHeaders[i]!, rawHeaders[i + 1]!);
  }
  return kept;
}
