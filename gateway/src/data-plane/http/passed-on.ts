type Entry = readonly [name: string, value: string];

/** What of a request's head travels with the call, where the instance's transport has a place for it. */
export interface PassedOn {
  /** For the instance alone. */
  readonly transient: readonly Entry[];
  /** For all whom it calls in turn as well. */
  readonly persistent: readonly Entry[];
}

/** Instances read headers of 64 KiB at most; what goes beyond these bounds stays behind. */
const maxEntries = 32;
const maxBytes = 8_192;

/** W3C trace context. */
const traceContext = ["traceparent", "tracestate"] as const;
/** As CloudWeGo's libraries write meta information into HTTP. */
const transientPrefix = "rpc-transit-";
const persistentPrefix = "rpc-persist-";

/** What meta information may be named: nothing that a log or another header format reads differently. */
const plainName = /^[A-Z0-9_.]+$/;
const control = /\p{Cc}/u;

/** `rawHeaders`: names and values in turn. */
export function passedOn(rawHeaders: readonly string[]): PassedOn {
  const transient: Entry[] = [];
  const persistent: Entry[] = [];
  const taken = new Set<string>();
  let left = maxBytes;

  function add(entries: Entry[], kind: string, name: string, latin1: string): void {
    const bytes = name.length + latin1.length;
    if (taken.size === maxEntries || bytes > left || taken.has(kind + name)) return;
    const value = utf8Text(latin1);
    // The libraries of CloudWeGo take no empty value.
    if (value === undefined || value === "" || control.test(value)) return;
    left -= bytes;
    taken.add(kind + name);
    entries.push([name, value]);
  }

  const values = travelling(rawHeaders);
  for (const name of traceContext) add(transient, "", name, values.get(name) ?? "");
  for (const [name, value] of values) {
    const prefix = [transientPrefix, persistentPrefix].find((one) => name.startsWith(one));
    if (prefix === undefined) continue;
    const meta = metaName(name.slice(prefix.length));
    if (plainName.test(meta)) add(prefix === transientPrefix ? transient : persistent, prefix, meta, value);
  }
  return { transient, persistent };
}

/** By name in lower case; a header that came several times is a list (RFC 9110, section 5.3). */
function travelling(rawHeaders: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    if (!travels(name)) continue;
    const before = values.get(name);
    values.set(name, before === undefined ? rawHeaders[index + 1]! : `${before}, ${rawHeaders[index + 1]}`);
  }
  return values;
}

function travels(name: string): boolean {
  return name.startsWith(transientPrefix) || name.startsWith(persistentPrefix) || traceContext.some((one) => one === name);
}

/** What HTTP spells `user-id` is `USER_ID` elsewhere. */
function metaName(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

/** Header values are bytes as latin1. `undefined`: they are not UTF-8. */
function utf8Text(latin1: string): string | undefined {
  if (!/[\u0080-\u00ff]/.test(latin1)) return latin1;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, "latin1"));
  } catch {
    return undefined;
  }
}
