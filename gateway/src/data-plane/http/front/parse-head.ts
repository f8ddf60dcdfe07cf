import type { CallHeaders } from "../caller.ts";

/** The head of a request in the one common form. */
export interface Head {
  readonly method: string;
  readonly target: string;
  readonly headers: CallHeaders;
  readonly rawHeaders: readonly string[];
  readonly bodyLength: number;
  /** Of the head itself, in bytes, its empty line included. */
  readonly length: number;
}

export interface HeadBounds {
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
}

/** HEAD and OPTIONS have answers of another form, and nobody calls by them. */
const methods: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "DELETE", "PATCH"]);
const longestMethod = 6;

/** RFC 9110, section 5.6.2. */
const isToken = bytesOf("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
/** RFC 3986, sections 3.3 and 3.4, and the brackets that many write as they are. No fragment. */
const isTarget = bytesOf("!$%&'()*+,-./:;=?@[]_~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
const isText = new Uint8Array(256).fill(1, 0x20, 0x7f);
isText[0x09] = 1;

const requestLineEnd = " HTTP/1.1\r\n";
const cr = 0x0d;
const lf = 0x0a;
const space = 0x20;
const slash = 0x2f;
const colon = 0x3a;

/** A length that is neither signed, nor a list, nor written with zeros in front. */
const plainLength = /^(?:0|[1-9][0-9]{0,14})$/;

/**
 * Reads a head that is all there, or says that it is not in the form that is understood here. That form is narrower than HTTP/1.1
 * allows, so that whatever is taken means the same to every other reader; what is odd in any way is for `node:http` to judge.
 */
export function parseHead(bytes: Buffer, { maxHeaderBytes, maxHeaders }: HeadBounds): Head | undefined {
  const lastLine = bytes.indexOf("\r\n\r\n");
  if (lastLine === -1 || lastLine + 4 > maxHeaderBytes) return undefined;
  const text = bytes.toString("latin1", 0, lastLine + 2);

  const methodEnd = text.indexOf(" ");
  if (methodEnd === -1 || methodEnd > longestMethod) return undefined;
  const method = text.slice(0, methodEnd);
  if (!methods.has(method)) return undefined;
  const targetStart = methodEnd + 1;
  if (text.charCodeAt(targetStart) !== slash) return undefined;
  let targetEnd = targetStart;
  while (isTarget[text.charCodeAt(targetEnd)] === 1) targetEnd += 1;
  if (!text.startsWith(requestLineEnd, targetEnd)) return undefined;

  const rawHeaders: string[] = [];
  let hosts = 0;
  let contentType: string | undefined;
  let contentEncoding: string | undefined;
  let contentLength: string | undefined;
  let requestId: string | undefined;
  let at = targetEnd + requestLineEnd.length;
  while (at < text.length) {
    let nameEnd = at;
    while (isToken[text.charCodeAt(nameEnd)] === 1) nameEnd += 1;
    if (nameEnd === at || text.charCodeAt(nameEnd) !== colon) return undefined;
    let valueEnd = nameEnd + 1;
    while (isText[text.charCodeAt(valueEnd)] === 1) valueEnd += 1;
    if (text.charCodeAt(valueEnd) !== cr || text.charCodeAt(valueEnd + 1) !== lf) return undefined;
    const name = text.slice(at, nameEnd);
    const value = trimmed(text, nameEnd + 1, valueEnd);
    at = valueEnd + 2;
    rawHeaders.push(name, value);

    // Most names are told apart by their length. One of these twice, or one that changes what the message is: not for us.
    switch (name.length) {
      case 4:
        if (name.toLowerCase() === "host") hosts += 1;
        break;
      case 6:
        if (name.toLowerCase() === "expect") return undefined;
        break;
      case 7:
        if (name.toLowerCase() === "upgrade") return undefined;
        break;
      case 10:
        if (name.toLowerCase() === "connection" && value.toLowerCase() !== "keep-alive") return undefined;
        break;
      case 12: {
        const lower = name.toLowerCase();
        if (lower === "content-type") {
          if (contentType !== undefined) return undefined;
          contentType = value;
        } else if (lower === "x-request-id") {
          if (requestId !== undefined) return undefined;
          requestId = value;
        }
        break;
      }
      case 14:
        if (name.toLowerCase() === "content-length") {
          if (contentLength !== undefined || !plainLength.test(value)) return undefined;
          contentLength = value;
        }
        break;
      case 16: {
        const lower = name.toLowerCase();
        if (lower === "proxy-connection") return undefined;
        if (lower === "content-encoding") {
          if (contentEncoding !== undefined) return undefined;
          contentEncoding = value;
        }
        break;
      }
      case 17:
        if (name.toLowerCase() === "transfer-encoding") return undefined;
        break;
    }
  }
  if (hosts !== 1 || rawHeaders.length > 2 * maxHeaders) return undefined;
  return {
    method,
    target: text.slice(targetStart, targetEnd),
    headers: {
      "content-type": contentType,
      "content-encoding": contentEncoding,
      "content-length": contentLength,
      "transfer-encoding": undefined,
      "x-request-id": requestId,
    },
    rawHeaders,
    bodyLength: contentLength === undefined ? 0 : Number(contentLength),
    length: lastLine + 4,
  };
}

function bytesOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/** Without the spaces and tabs around it (RFC 9110, section 5.5). */
function trimmed(text: string, start: number, end: number): string {
  let first = start;
  let last = end;
  while (first < last && isBlank(text.charCodeAt(first))) first += 1;
  while (last > first && isBlank(text.charCodeAt(last - 1))) last -= 1;
  return text.slice(first, last);
}

function isBlank(code: number): boolean {
  return code === space || code === 0x09;
}
