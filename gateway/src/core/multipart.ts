import { GatewayError } from "./errors.ts";

/** One part of a multipart/form-data body (RFC 7578). */
export interface MultipartPart {
  readonly name: string;
  /** `undefined`: it is no file. */
  readonly filename: string | undefined;
  /** A view into the body. */
  readonly bytes: Uint8Array;
}

export function isMultipart(contentType: string | undefined): contentType is string {
  return contentType !== undefined && /^multipart\/form-data[ \t]*(?:;|$)/i.test(contentType);
}

/** A name, a file name and a type; browsers write 200 bytes. */
const maxPartHeadBytes = 4_096;

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const hyphen = 0x2d;

/**
 * The parts of a body, in their order. What RFC 2046 lets senders add and none does (text before the first boundary or behind the last one, blanks at
 * a boundary's end, folded lines) is refused, so that nothing in front of the gateway reads other parts than the gateway does.
 * @throws {GatewayError} BAD_REQUEST, LIMIT_EXCEEDED, INVALID_UTF8, UNSUPPORTED_MEDIA_TYPE
 */
export function parseMultipart(bytes: Uint8Array, contentType: string, maxParts: number): MultipartPart[] {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`, "latin1");
  const parts: MultipartPart[] = [];
  if (!startsWith(body, 0, delimiter.subarray(2))) throw malformed(parts, 0, "it must begin with the boundary");
  let at = delimiter.length - 2;
  while (!isLast(body, at)) {
    if (body[at] !== carriageReturn || body[at + 1] !== lineFeed) {
      throw malformed(parts, at, "a line break must follow the boundary, or -- where the body ends");
    }
    if (parts.length === maxParts) throw new GatewayError("LIMIT_EXCEEDED", `The form has more than ${maxParts} parts.`);
    // The line break is also the one that ends a head without headers.
    const headEnd = body.subarray(at, at + maxPartHeadBytes + 4).indexOf("\r\n\r\n");
    if (headEnd === -1)
      throw malformed(parts, at + 2, `its headers must end within ${maxPartHeadBytes} bytes, with an empty line`);
    const head = readHead(body.subarray(at + 2, at + Math.max(headEnd, 2)), (fault) => malformed(parts, at + 2, fault));
    const start = at + headEnd + 4;
    const end = body.indexOf(delimiter, start - 2);
    if (end === -1) throw malformed(parts, start, "no boundary follows it");
    parts.push({ ...head, bytes: body.subarray(start, end) });
    at = end + delimiter.length;
  }
  return parts;
}

/** Whether the body ends here, as it should: behind a boundary and two hyphens. A line break may follow. */
function isLast(body: Buffer, at: number): boolean {
  if (body[at] !== hyphen || body[at + 1] !== hyphen) return false;
  return body.length === at + 2 || (body.length === at + 4 && body[at + 2] === carriageReturn && body[at + 3] === lineFeed);
}

function startsWith(body: Buffer, at: number, text: Buffer): boolean {
  return body.length >= at + text.length && body.compare(text, 0, text.length, at, at + text.length) === 0;
}

/** RFC 2046, section 5.1.1. */
const boundaryParameter =
  /;[ \t]*boundary=(?:"([0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-])"|([0-9A-Za-z'+_.-]{1,70}))[ \t]*(?=;|$)/gi;

function boundaryOf(contentType: string): string {
  const [first, second] = contentType.matchAll(boundaryParameter);
  if (first === undefined || second !== undefined) {
    throw new GatewayError("BAD_REQUEST", "The Content-Type of a form must name its boundary, once, of 1 to 70 characters.");
  }
  return first[1] ?? first[2]!;
}

type Malformed = (fault: string) => GatewayError;

const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*)$/;

function readHead(bytes: Buffer, malformedHead: Malformed): Pick<MultipartPart, "name" | "filename"> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new GatewayError("INVALID_UTF8", "The headers of a form's part are not UTF-8.", { cause });
  }
  const headers = new Map<string, string>();
  for (const line of text === "" ? [] : text.split("\r\n")) {
    const [, name, value] = headerLine.exec(line) ?? [];
    if (name === undefined || value === undefined) throw malformedHead("a header must be a line like Content-Type: text/plain");
    if (headers.has(name.toLowerCase())) throw malformedHead(`the header ${name} is there twice`);
    headers.set(name.toLowerCase(), value.trimEnd());
  }
  const disposition = readDisposition(headers.get("content-disposition"), malformedHead);
  if (disposition.filename === undefined) assertUtf8(headers.get("content-type"), disposition.name);
  if (!/^(?:7bit|8bit|binary)?$/i.test(headers.get("content-transfer-encoding") ?? "")) {
    throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "The parts of a form must not have a Content-Transfer-Encoding.");
  }
  return disposition;
}

const parameterPattern = /[ \t]*;[ \t]*([^\s=;"]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"\\]+))/y;

function readDisposition(header: string | undefined, malformedHead: Malformed): Pick<MultipartPart, "name" | "filename"> {
  const type = /^form-data(?=[ \t;]|$)/i.exec(header ?? "");
  if (header === undefined || type === null) throw malformedHead("it needs a header Content-Disposition: form-data");
  const parameters = new Map<string, string>();
  parameterPattern.lastIndex = type[0].length;
  while (parameterPattern.lastIndex < header.length) {
    const [, key, quoted, token] = parameterPattern.exec(header) ?? [];
    if (key === undefined) throw malformedHead('Content-Disposition must be like form-data; name="a"');
    const name = key.toLowerCase();
    if (parameters.has(name)) throw malformedHead(`Content-Disposition has ${name} twice`);
    // RFC 7578, section 4.2: no two readers agree on it.
    if (name === "filename*" || name === "name*") throw malformedHead(`Content-Disposition must not have ${name}`);
    parameters.set(name, token ?? unquoted(quoted!));
  }
  const name = parameters.get("name");
  if (name === undefined) throw malformedHead("Content-Disposition must have a name");
  return { name, filename: parameters.get("filename") };
}

const escapes: Readonly<Record<string, string>> = { "%22": '"', "%0D": "\r", "%0A": "\n" };

/** Browsers escape three characters by percent (WHATWG HTML, "multipart/form-data encoding algorithm"), others by a backslash; that of a path stays. */
function unquoted(quoted: string): string {
  return quoted.replace(/\\(["\\])/g, "$1").replace(/%(?:22|0[DA])/gi, (text) => escapes[text.toUpperCase()]!);
}

function assertUtf8(contentType: string | undefined, name: string): void {
  const charset = /;[ \t]*charset="?([^\s;"]*)/i.exec(contentType ?? "")?.[1];
  if (charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset)) return;
  throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", `The form field ${JSON.stringify(name.slice(0, 64))} must be UTF-8.`);
}

function malformed({ length }: readonly MultipartPart[], at: number, fault: string): GatewayError {
  return new GatewayError("BAD_REQUEST", `The multipart form is malformed: ${fault} (part ${length + 1}, byte ${at}).`);
}
