/** The host and, where it names one, the port of a RegisteredServer's URL. */
export interface ServerUrl {
  /** Lower case, IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

/** Takes `http://localhost:8000` as well as `localhost:8000` and `localhost`, as registrations of the original have them. */
export function parseServerUrl(text: string): ServerUrl | undefined {
  // A scheme that URL doesn't know, so that it drops no port as the scheme's own.
  const url = `tcp://${text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "")}`;
  if (!URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  if (hostname === "") return undefined;
  return { host: hostname.replace(/^\[|\]$/g, "").toLowerCase(), port: port === "" ? undefined : Number(port) };
}
