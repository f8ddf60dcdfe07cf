import { GatewayError } from "../../core/errors.ts";

/** Where a call goes, decoded. `path` is all after the second slash: it holds a slash only where no route can match. */
export interface Target {
  readonly service: string;
  readonly path: string;
  /** Without its `?`, not decoded. */
  readonly query: string;
}

/** All of a target's path, decoded. */
export function wholePath({ service, path }: Target, url: string): string {
  const query = url.indexOf("?");
  const written = query === -1 ? url : url.slice(0, query);
  if (!written.includes("%")) return written;
  const slash = url.indexOf("/", 1);
  const hasOneSegment = slash === -1 || (query !== -1 && query < slash);
  return hasOneSegment ? `/${service}` : `/${service}/${path}`;
}

/** RFC 3986, section 3.3: what a path may hold besides percent-escapes. */
const pathCharacter = new Uint8Array(128);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/%") {
  pathCharacter[character.charCodeAt(0)] = 1;
}

const slash = 0x2f;
const questionMark = 0x3f;
const percent = 0x25;
const dot = 0x2e;

/**
 * Escapes that parts before or behind us may read as something else than we do: controls, and `/ \ ; % ? #`. A route
 * that needs one of them does not exist.
 */
const refusedEscape = /%(?:[01][0-9a-f]|7f|2f|5c|3b|25|3f|23)/i;
const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Splits a target in origin form, strictly: what is odd is refused, never repaired.
 * @throws {GatewayError} INVALID_PATH
 */
export function parseTarget(url: string): Target {
  let end = 0;
  let second = 0;
  let escaped = false;
  let dotted = false;
  for (; end < url.length; end += 1) {
    const code = url.charCodeAt(end);
    if (code === questionMark) break;
    if (code > 0x7f || pathCharacter[code] === 0) throw invalidPath("It holds a character that must be percent-encoded.");
    if (code === slash) {
      if (end > 0 && second === 0) second = end;
    } else if (code === percent) escaped = true;
    else if (code === dot) dotted = true;
  }
  if (url.charCodeAt(0) !== slash) throw invalidPath("It must begin with a slash.");
  const query = end === url.length ? "" : url.slice(end + 1);
  if (query.includes("#")) throw invalidPath("A fragment is never sent.");
  if (second === 0) second = end;
  const service = url.slice(1, second);
  const path = url.slice(second + 1, end);
  if (!escaped && !dotted) return { service, path, query };

  const whole = url.slice(0, end);
  if (dotSegment.test(whole)) throw invalidPath("It holds a dot segment.");
  if (!escaped) return { service, path, query };
  if (refusedEscape.test(whole))
    throw invalidPath("It holds an escape that is not allowed: a control character, or one of / \\ ; % ? #.");
  return { service: decode(service), path: decode(path), query };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw invalidPath("Its percent-escapes are not well-formed UTF-8.", error);
  }
}

function invalidPath(why: string, cause?: unknown): GatewayError {
  return new GatewayError("INVALID_PATH", `The path is refused. ${why}`, { cause });
}
