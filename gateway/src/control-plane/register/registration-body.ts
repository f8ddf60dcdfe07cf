import type { IncomingMessage } from "node:http";
import { GatewayError } from "../../core/errors.ts";
import { isMultipart, type MultipartPart, parseMultipart } from "../../core/multipart.ts";
import type { BodyLease } from "../body-lease.ts";
import { quote } from "../fields.ts";
import { parseJson, readBytes, readJsonBody } from "../request-body.ts";

/** Files beside the JSON of a registration, by service: file name → text. */
export type IdlUploads = ReadonlyMap<string, ReadonlyMap<string, string>>;

export interface RegistrationBody {
  readonly json: unknown;
  readonly uploads: IdlUploads;
}

/** A hundred services of a few files; a search for a boundary each. */
const MAX_PARTS = 2_000;

const noUploads: IdlUploads = new Map();

/**
 * The body of a registration: JSON, or a multipart form of the JSON and of IDL files, each in a part that is named like its service.
 * @throws {GatewayError} like {@link readJsonBody}; BAD_REQUEST a malformed form, DUPLICATE_KEY a file twice
 */
export async function readRegistrationBody(
  request: IncomingMessage,
  maxBytes: number,
  maxDepth: number,
  lease: BodyLease,
): Promise<RegistrationBody> {
  const { headers } = request;
  const contentType = headers["content-type"];
  if (!isMultipart(contentType)) return { json: await readJsonBody(request, maxBytes, maxDepth, lease), uploads: noUploads };
  // Any page may send a form to any address without asking; but its browser says that it does.
  if (headers.origin !== undefined || headers["sec-fetch-site"] !== undefined) {
    throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "From a web page the body must be application/json.");
  }
  const parts = parseMultipart(await readBytes(request, maxBytes, lease), contentType, MAX_PARTS);
  const texts = parts.filter(({ filename }) => filename === undefined);
  if (texts.length !== 1) {
    throw new GatewayError(
      "INVALID_BODY",
      `Of the form's parts ${texts.length} have no file name; exactly one is expected, which holds the JSON, with curl: -F 'owner=<owner.json'.`,
      { members: { pointer: "" } },
    );
  }
  return { json: parseJson(texts[0]!.bytes, maxDepth), uploads: uploadsIn(parts) };
}

function uploadsIn(parts: readonly MultipartPart[]): IdlUploads {
  const uploads = new Map<string, Map<string, string>>();
  for (const { name: service, filename, bytes } of parts) {
    if (filename === undefined) continue;
    const files = uploads.get(service) ?? new Map<string, string>();
    if (files.has(filename)) {
      throw new GatewayError("DUPLICATE_KEY", `The file ${quote(filename)} of the service ${quote(service)} is there twice.`);
    }
    uploads.set(service, files.set(filename, utf8Text(bytes, filename)));
  }
  return uploads;
}

function utf8Text(bytes: Uint8Array, filename: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new GatewayError("INVALID_UTF8", `The file ${quote(filename)} is not UTF-8.`, { cause });
  }
}
