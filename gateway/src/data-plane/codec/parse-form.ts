import { GatewayError } from "../../core/errors.ts";
import { isMultipart, type MultipartPart, parseMultipart } from "../../core/multipart.ts";
import { parseQuery } from "./parse-query.ts";

/** A file's value is its bytes. */
export type FormPair = readonly [name: string, value: string | Uint8Array];

/**
 * The fields of a form in their order: multipart/form-data, else `application/x-www-form-urlencoded`, which is written like a query.
 * @throws {GatewayError}
 */
export function parseForm(body: Uint8Array, contentType: string, maxArguments: number): readonly FormPair[] {
  if (isMultipart(contentType)) return parseMultipart(body, contentType, maxArguments).map(pairOf);
  return parseQuery(Buffer.from(body.buffer, body.byteOffset, body.length).toString("latin1"), maxArguments, "form");
}

function pairOf({ name, filename, bytes }: MultipartPart): FormPair {
  if (filename !== undefined) return [name, bytes];
  try {
    return [name, new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)];
  } catch (cause) {
    throw new GatewayError("INVALID_UTF8", `The form field ${JSON.stringify(name.slice(0, 64))} is not UTF-8.`, { cause });
  }
}
