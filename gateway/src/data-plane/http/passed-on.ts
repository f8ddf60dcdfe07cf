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
const maxCharacters = 8_192;

/** W3C trace context. */
const traceContext = ["traceparent", "tracestate"] as const;
/** As CloudWeGo's libraries write meta information into HTTP. */
const transientPrefix = "rpc-transit-";
const persistentPrefix = "rpc-persist-";

/** `rawHeaders`: names and values in turn. */
export function passedOn(rawHeaders: readonly string[]): PassedOn {
  const transient: Entry[] = [];
  const persistent: Entry[] = [];
  let left = maxCharacters;

  function add(entries: Entry[], name: string, value: string): void {
    if (transient.length + persistent.length === maxEntries || name.length + value.length > left) return;
    left -= name.length + value.length;
    entries.push([name, value]);
  }

  const values = travelling(rawHeaders);
  for (const name of traceContext) {
    const value = values.get(name);
    if (value !== undefined) add(transient, name, value);
  }
  for (const [name, value] of values) {
    if (name.startsWith(transientPrefix)) add(transient, metaName(name.slice(transientPrefix.length)), value);
    else if (name.startsWith(persistentPrefix)) add(persistent, metaName(name.slice(persistentPrefix.length)), value);
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
