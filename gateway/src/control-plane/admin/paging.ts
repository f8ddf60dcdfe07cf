import { nearestNames } from "../../core/nearest-names.ts";
import { invalidField, pointerPart, quote } from "../fields.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** For `after`, when there are more. */
  readonly next?: string;
}

export interface PageQuery {
  readonly limit: number;
  readonly after: string | undefined;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/**
 * The query of a list: `known` parameters, each once at most.
 * @throws {GatewayError} INVALID_FIELD
 */
export function parseQuery(url: string, known: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const query = url.includes("?") ? url.slice(url.indexOf("?") + 1) : "";
  for (const [name, value] of new URLSearchParams(query)) {
    const place = `/${pointerPart(name)}`;
    if (!known.includes(name)) throw invalidField(place, `There is no parameter ${quote(name)} here.`, nearestNames(name, known));
    if (values.has(name)) throw invalidField(place, `The parameter ${name} is there twice.`);
    values.set(name, value);
  }
  return values;
}

/** @throws {GatewayError} INVALID_FIELD */
export function parsePage(query: ReadonlyMap<string, string>): PageQuery {
  const text = query.get("limit") ?? String(DEFAULT_LIMIT);
  const limit = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw invalidField("/limit", `limit must be a whole number from 1 to ${MAX_LIMIT}.`);
  return { limit, after: query.get("after") };
}

/** The items whose keys come after `after`, in the order of their keys' code units. */
export function pageOf<T>(all: Iterable<T>, keyOf: (item: T) => string, { limit, after }: PageQuery): Page<T> {
  const keyed = [...all].map((item) => ({ key: keyOf(item), item })).filter(({ key }) => after === undefined || key > after);
  keyed.sort((left, right) => (left.key < right.key ? -1 : 1));
  const page = keyed.slice(0, limit);
  return { items: page.map(({ item }) => item), ...(keyed.length > limit && { next: page.at(-1)!.key }) };
}
