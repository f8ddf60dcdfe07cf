import { GatewayError } from "../core/errors.ts";
import { nearestNames } from "../core/nearest-names.ts";

/** What a name or an identifier must not hold: it would garble logs and terminals. */
const CONTROL = /\p{Cc}/u;
const LONE_SURROGATE = /\p{Cs}/u;

export interface TextRule {
  readonly maxLength: number;
  /** May hold line breaks and other control characters. Default false. */
  readonly multiline?: boolean;
}

/** Refuses a value of the body, by its place. */
export function invalidField(pointer: string, detail: string, suggestions: readonly string[] = []): GatewayError {
  return new GatewayError("INVALID_FIELD", detail, { members: { pointer, ...(suggestions.length > 0 && { suggestions }) } });
}

function duplicateKey(pointer: string, detail: string): GatewayError {
  return new GatewayError("DUPLICATE_KEY", detail, { members: { pointer } });
}

function limitExceeded(pointer: string, detail: string): GatewayError {
  return new GatewayError("LIMIT_EXCEEDED", detail, { members: { pointer } });
}

/** A part of a JSON pointer (RFC 6901). */
export function pointerPart(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** A caller's text as a message may hold it: quoted, escaped, not too long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}

/** What a message says of the nearest known names, behind a sentence. */
export function textSuggestion(suggestions: readonly string[]): string {
  return suggestions.length > 0 ? ` Did you mean ${suggestions.join(" or ")}?` : "";
}

/**
 * The fields of one JSON object. Names match in any letter case, and `null` is an absent field, since the original decoded
 * bodies with Go's `encoding/json`.
 */
export class Fields {
  readonly #values = new Map<string, unknown>();
  readonly #pointer: string;

  /** @throws {GatewayError} INVALID_BODY no object, INVALID_FIELD, or what `refuse` says, unknown name, DUPLICATE_KEY names equal but for their case */
  constructor(value: unknown, pointer: string, names: readonly string[], refuse = invalidField) {
    this.#pointer = pointer;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new GatewayError("INVALID_BODY", "An object is expected here.", { members: { pointer } });
    }
    const known = new Map(names.map((name) => [name.toLowerCase(), name]));
    for (const [key, member] of Object.entries(value)) {
      const name = known.get(key.toLowerCase());
      const place = `${pointer}/${pointerPart(key)}`;
      if (name === undefined) throw refuse(place, `There is no field ${quote(key)} here.`, nearestNames(key, names));
      if (this.#values.has(name)) throw duplicateKey(place, `The field ${name} is there twice, in different letter case.`);
      this.#values.set(name, member ?? undefined);
    }
  }

  /** Gives a field a value that came beside the object. @throws {GatewayError} DUPLICATE_KEY it has one */
  add(name: string, value: unknown): void {
    if (this.raw(name) !== undefined) throw duplicateKey(this.place(name), `${name} is in the JSON as well as beside it.`);
    this.#values.set(name, value);
  }

  place(name: string): string {
    return `${this.#pointer}/${name}`;
  }

  /** As it stands in the body; `undefined` when absent or `null`. */
  raw(name: string): unknown {
    return this.#values.get(name);
  }

  /** Absent: `""`. */
  optionalText(name: string, rule: TextRule): string {
    const value = this.raw(name) ?? "";
    if (typeof value !== "string") throw invalidField(this.place(name), `${name} must be text.`);
    assertText(value, name, this.place(name), rule);
    return value;
  }

  /** Neither absent nor blank. */
  text(name: string, rule: TextRule): string {
    const value = this.optionalText(name, rule);
    if (value.trim() === "") throw invalidField(this.place(name), `${name} is missing or blank.`);
    return value;
  }

  /** Absent: `fallback`. */
  integer(name: string, from: number, to: number, fallback: number): number {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== "number" || !Number.isInteger(value) || value < from || value > to) {
      throw invalidField(this.place(name), `${name} must be a whole number from ${from} to ${to}.`);
    }
    return value;
  }

  /** Absent: `undefined`. */
  list(name: string, maxLength: number): readonly unknown[] | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw invalidField(this.place(name), `${name} must be an array.`);
    if (value.length > maxLength) throw limitExceeded(this.place(name), `${name} may hold ${maxLength} at most.`);
    return value;
  }

  /** An object from text to text, as its entries; absent: `undefined`. */
  textMap(name: string, maxEntries: number, keyRule: TextRule, valueRule: TextRule): [key: string, value: string][] | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalidField(this.place(name), `${name} must be an object from text to text.`);
    }
    const entries = Object.entries(value);
    if (entries.length > maxEntries) throw limitExceeded(this.place(name), `${name} may hold ${maxEntries} entries at most.`);
    return entries.map(([key, member]) => {
      const place = `${this.place(name)}/${pointerPart(key)}`;
      assertText(key, `A key of ${name}`, place, keyRule);
      if (typeof member !== "string") throw invalidField(place, `A value of ${name} must be text.`);
      assertText(member, `A value of ${name}`, place, valueRule);
      return [key, member];
    });
  }
}

function assertText(value: string, name: string, pointer: string, { maxLength, multiline = false }: TextRule): void {
  if (value.length > maxLength) throw invalidField(pointer, `${name} may have ${maxLength} characters at most.`);
  if (LONE_SURROGATE.test(value)) throw invalidField(pointer, `${name} holds half of a surrogate pair.`);
  if (!multiline && CONTROL.test(value)) throw invalidField(pointer, `${name} must not hold control characters.`);
}
