import type { ConfigFault } from "../core/config-error.ts";
import { nearestNames } from "../core/nearest-names.ts";
import { type ConfigKey, configKeys } from "./keys.ts";
import { originalKeys } from "./original-keys.ts";

/** Where a configuration comes from; the earlier wins. */
export interface ConfigSources {
  /** From the command line: text by key path. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Of the process; only `THRIFTGATE_…` is read. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A file's content, or options given in code (then without a name). */
  readonly file?: { readonly name?: string; readonly content: unknown };
}

export interface LayeredConfig {
  /** Not validated yet. Without a prototype, so that `__proto__` is a key like any other. */
  readonly input: Record<string, unknown>;
  /** What each path was given by, for faults. */
  readonly origins: ReadonlyMap<string, string>;
  readonly faults: readonly ConfigFault[];
}

/** Lays the sources over each other. */
export function layerSources({ flags = {}, env = {}, file }: ConfigSources): LayeredConfig {
  const input: Record<string, unknown> = Object.create(null);
  const origins = new Map<string, string>();
  const faults: ConfigFault[] = [];

  function set(path: string, value: unknown, origin: string | undefined): void {
    const [head, member] = path.split(".") as [string, string | undefined];
    if (member === undefined) input[head] = value;
    else if (typeof (input[head] ?? {}) === "object") input[head] = { ...(input[head] as object | undefined), [member]: value };
    if (origin) origins.set(path, origin);
  }

  if (file) layerFile(file.content, file.name);
  for (const [name, text] of Object.entries(env)) {
    if (!text || !name.startsWith("THRIFTGATE_") || name === "THRIFTGATE_CONFIG" || isKubernetesLink(name, text)) continue;
    const key = keysByEnvironment.get(name);
    // A slip is a fault; a name that is like none of ours may be somebody else's.
    const [meant] = key ? [] : nearestNames(name, keysByEnvironment.keys(), 1);
    if (key) set(key.path, valueFromText(key, text), name);
    else if (meant) faults.push({ path: name, origin: "environment", message: `unknown variable; did you mean ${meant}?` });
  }
  for (const [path, text] of Object.entries(flags)) {
    const key = configKeys.get(path);
    if (!key) throw new TypeError(`no configuration key ${path}`);
    set(path, valueFromText(key, text), `--${path.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
  }
  return { input, origins, faults };

  function layerFile(content: unknown, origin: string | undefined): void {
    if (typeof content !== "object" || content === null || Array.isArray(content)) {
      faults.push({ path: "", origin, message: "expected an object" });
      return;
    }
    for (const [name, value] of Object.entries(content)) {
      if (value === undefined || name === "$schema") continue;
      if (!originalKeys.has(name)) {
        set(name, value, origin);
        continue;
      }
      const translation = originalKeys.get(name);
      if (!translation) continue;
      if (Object.hasOwn(content, translation.key)) {
        faults.push({ path: name, origin, message: `the older name of ${translation.key}, which is given too` });
      } else {
        set(translation.key, translation.convert(value), origin ? `${name} in ${origin}` : name);
      }
    }
  }
}

const keysByEnvironment: ReadonlyMap<string, ConfigKey> = new Map([...configKeys.values()].map((key) => [key.env, key]));

/** Text that does not convert stays text, and is refused with the rest. */
function valueFromText({ type }: ConfigKey, text: string): unknown {
  switch (type) {
    case "number":
      return /^[+-]?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
    case "boolean":
      return text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : text;
    case "list":
      return text
        .split(",")
        .map((item) => item.trim())
        .filter(Boolean);
    case "object":
      return valueFromJson(text);
    case "text":
      return text;
  }
}

function valueFromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** In a cluster where a service is named `thriftgate`, Kubernetes sets THRIFTGATE_PORT=tcp://… and the like in every pod. */
function isKubernetesLink(name: string, text: string): boolean {
  return /^(tcp|udp|sctp):\/\//.test(text) || /_SERVICE_(HOST|PORT)|_PORT_\d+_(TCP|UDP|SCTP)/.test(name);
}
