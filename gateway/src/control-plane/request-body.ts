import type { IncomingMessage } from "node:http";
import { assertStrictJson } from "@thriftgate/thrift";
import { GatewayError } from "../core/errors.ts";
import { assertJsonContent, assertNotCompressed } from "../core/json-content.ts";
import type { BodyLease } from "./body-lease.ts";

/** A body over its bound is read on and thrown away as far as this, so that the caller stops sending and reads the answer. */
const DISCARD_FACTOR = 2;

/**
 * The JSON body of a request; its bytes are taken from `lease`, which the caller releases.
 * @throws {GatewayError} UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, OVERLOADED, INVALID_BODY when empty, CLIENT_CLOSED
 * @throws {RequestFault} INVALID_JSON, INVALID_UTF8, DUPLICATE_KEY, JSON_TOO_DEEP
 */
export async function readJsonBody(
  request: IncomingMessage,
  maxBytes: number,
  maxDepth: number,
  lease: BodyLease,
): Promise<unknown> {
  assertJsonContent(request.headers);
  return parseJson(await readBytes(request, maxBytes, lease), maxDepth);
}

/** @throws {GatewayError | RequestFault} like {@link readJsonBody} */
export function parseJson(bytes: Uint8Array, maxDepth: number): unknown {
  if (bytes.length === 0)
    throw new GatewayError("INVALID_BODY", "The body is empty; JSON is expected.", { members: { pointer: "" } });
  assertStrictJson(bytes, maxDepth);
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
}

/** @throws {GatewayError} UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, OVERLOADED, CLIENT_CLOSED */
export async function readBytes(request: IncomingMessage, maxBytes: number, lease: BodyLease): Promise<Uint8Array> {
  assertNotCompressed(request.headers);
  const bytes = request.readableEnded ? alreadyRead(request) : await receive(request, maxBytes, lease);
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

/** Somebody's own Express app may have read it: `express.json()`, `express.raw()`, `express.text()`. */
function alreadyRead(request: IncomingMessage & { body?: unknown }): Buffer {
  const { body } = request;
  if (Buffer.isBuffer(body)) return body;
  if (body === undefined) return Buffer.alloc(0);
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

function receive(request: IncomingMessage, maxBytes: number, lease: BodyLease): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes * DISCARD_FACTOR) return settle(() => reject(tooLarge(maxBytes)));
      if (length > maxBytes) {
        chunks.length = 0;
        return lease.release();
      }
      try {
        lease.take(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onEnd = () => settle(() => (length > maxBytes ? reject(tooLarge(maxBytes)) : resolve(Buffer.concat(chunks, length))));
    const onClose = () => settle(() => reject(new GatewayError("CLIENT_CLOSED", "The connection closed before the body's end.")));
    const settle = (finish: () => void) => {
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      finish();
    };
    if (Number(request.headers["content-length"] ?? 0) > maxBytes * DISCARD_FACTOR) {
      reject(tooLarge(maxBytes));
      return;
    }
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

/** What is left of the body is not read, so the connection can't be used again. */
function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError("PAYLOAD_TOO_LARGE", `The body may have ${maxBytes} bytes at most.`, {
    headers: { connection: "close" },
  });
}
