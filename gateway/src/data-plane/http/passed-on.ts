import type { IncomingHttpHeaders } from "node:http";

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

export function passedOn(headers: IncomingHttpHeaders): PassedOn {
  const transient: Entry[] = [];
  const persistent: Entry[] = [];
  let left = maxCharacters;

  function add(entries: Entry[], name: string, value: string): void {
    if (transient.length + persistent.length === maxEntries || name.length + value.length > left) return;
    left -= name.length + value.length;
    entries.push([name, value]);
  }

  for (const name of traceContext) {
    const value = headers[name];
    if (typeof value === "string") add(transient, name, value);
  }
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string") continue;
    if (name.startsWith(transientPrefix)) add(transient, metaName(name.slice(transientPrefix.length)), value);
    else if (name.startsWith(persistentPrefix)) add(persistent, metaName(name.slice(persistentPrefix.length)), value);
  }
  return { transient, persistent };
}

/** What HTTP spells `user-id` is `USER_ID` elsewhere. */
function metaName(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}
