import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Part } from "./bytes.ts";

/** What an answer must be; an array lists what is as good. */
export interface Expectation {
  readonly status: number | readonly number[];
  readonly code?: string | readonly string[];
  readonly pointer?: string;
  readonly line?: number;
  readonly column?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The whole body. */
  readonly body?: string;
  /** The body must not hold this. */
  readonly without?: string;
  /** So many answers in a row. */
  readonly times?: number;
}

interface Case {
  readonly id: string;
  readonly name: string;
  /** What takes more than one request is a function of this name in scenarios.test.ts. */
  readonly scenario?: string;
}

export interface HttpCase extends Case {
  readonly raw: readonly Part[];
  readonly expect: readonly Expectation[];
  readonly closes?: boolean;
}

export interface JsonCase extends Case {
  /** Service and path. */
  readonly to: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: readonly Part[];
  readonly expect: Expectation;
}

export interface QueryCase extends Case {
  readonly method?: string;
  readonly target: string | readonly Part[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: readonly Part[];
  readonly expect: Expectation;
}

export interface IdlCase extends Case {
  readonly idl?: readonly Part[];
  readonly files?: Readonly<Record<string, readonly Part[]>>;
  readonly expect: Expectation;
}

/** One frame: its result struct in hex, or a right reply that is wrong in one way. */
export type FrameDifference =
  | readonly ["value", string]
  | readonly ["raw", string]
  | readonly ["deep", number]
  | readonly ["seqid", number]
  | readonly ["name", string]
  | readonly ["type", number];

export interface ReplyCase extends Case {
  readonly peer?: "refuses" | "one-refuses" | "silent" | "drip" | "endless";
  readonly method?: string;
  readonly body?: string;
  readonly reply?: readonly (Part | { readonly frame: FrameDifference })[];
  /** Only so many bytes of it are sent. */
  readonly cut?: number;
  readonly then?: "end" | "reset";
  readonly expect: Expectation;
}

export interface RegisterCase extends Case {
  readonly method?: string;
  readonly path?: string;
  /** Instead of a body: a sound registration of a service of this name. */
  readonly service?: string;
  readonly headers?: Readonly<Record<string, string | Part>>;
  readonly body?: readonly Part[];
  readonly expect: Expectation;
}

export interface ConnectCase extends Case {
  readonly body?: readonly Part[];
  /** What differs from a sound /connect. */
  readonly connect?: Readonly<Record<string, unknown>>;
  /** What differs from a sound /health. */
  readonly health?: Readonly<Record<string, unknown>>;
  readonly expect: Expectation;
}

export const surfaces = ["http", "json", "query", "idl", "reply", "reg", "conn", "admin"] as const;

export function readCases<T extends Case>(surface: (typeof surfaces)[number]): T[] {
  const lines = readFileSync(join(import.meta.dirname, `${surface}.jsonl`), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line) as T);
}

/** Those that are one request and one answer. */
export function plainCases<T extends Case>(surface: (typeof surfaces)[number]): T[] {
  return readCases<T>(surface).filter((each) => each.scenario === undefined);
}
