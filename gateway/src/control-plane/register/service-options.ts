import { GatewayError } from "../../core/errors.ts";
import { Fields, pointerPart, quote, textSuggestion } from "../fields.ts";
import { MULTIPLEXED, PROTOCOLS, SERVER_NAME, TRANSPORTS } from "../publish/dialect.ts";
import type { DialectOptions, MethodOptions, ServiceOptions } from "../store/store.ts";

const METHOD_OPTIONS = ["deadlineMs", "idempotent"];
const DIALECT_OPTIONS = ["transport", "protocol", "multiplexed", "tls", "tlsServerName"];
const SERVICE_OPTIONS = ["i64", "enums", "unknownFields", "lenient", ...DIALECT_OPTIONS, ...METHOD_OPTIONS, "methods"];

/** Of a caller's connection that nobody should hold for longer. */
const MAX_DEADLINE_MS = 600_000;
const MAX_METHODS = 2_000;

/** Refuses an option: how a service is to be served is a rule of ours, and no fault of syntax. */
export function invalidOption(pointer: string, detail: string, suggestions: readonly string[] = []): GatewayError {
  return new GatewayError("INVALID_OPTION", `${detail}${textSuggestion(suggestions)}`, {
    members: { pointer, ...(suggestions.length > 0 && { suggestions }) },
  });
}

/**
 * How a service is served; absent: `undefined`. Whether its methods exist is known when the IDL is linked.
 * @throws {GatewayError} INVALID_OPTION
 */
export function parseOptions(service: Fields): ServiceOptions | undefined {
  const value = service.raw("Options");
  if (value === undefined) return undefined;
  const options = new OptionFields(value, service.place("Options"), SERVICE_OPTIONS);
  const methods = options.methods();
  return {
    ...defined("i64", options.oneOf("i64", ["number", "string"])),
    ...defined("enums", options.oneOf("enums", ["number", "name"])),
    ...defined("unknownFields", options.oneOf("unknownFields", ["ignore", "reject"])),
    ...defined("lenient", options.flag("lenient")),
    ...dialectOptions(options),
    ...methodOptions(options),
    ...(methods.length > 0 && { methods: Object.fromEntries(methods) }),
  };
}

function dialectOptions(options: OptionFields): DialectOptions {
  return {
    ...defined("transport", options.oneOf("transport", TRANSPORTS)),
    ...defined("protocol", options.oneOf("protocol", PROTOCOLS)),
    ...defined("multiplexed", options.flagOrName("multiplexed", MULTIPLEXED, "the name of a service, true or false")),
    ...defined("tls", options.flag("tls")),
    ...defined("tlsServerName", options.name("tlsServerName", SERVER_NAME, "a host name")),
  };
}

function methodOptions(options: OptionFields): MethodOptions {
  return { ...defined("deadlineMs", options.deadlineMs()), ...defined("idempotent", options.flag("idempotent")) };
}

/** Nothing where the option was left out, so that definitions that say the same are equal. */
function defined<Name extends string, const Value>(name: Name, value: Value | undefined): { readonly [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [Key in Name]: Value });
}

class OptionFields {
  readonly #fields: Fields;

  constructor(value: unknown, pointer: string, names: readonly string[]) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalidOption(pointer, "An object is expected here.");
    }
    this.#fields = new Fields(value, pointer, names, invalidOption);
  }

  oneOf<const Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    const value = this.#fields.raw(name);
    if (value === undefined) return undefined;
    const known = values.find((one) => one === value);
    if (known === undefined) throw this.#invalid(name, `must be ${values.map(quote).join(" or ")}`);
    return known;
  }

  flag(name: string): boolean | undefined {
    const value = this.#fields.raw(name);
    if (value !== undefined && typeof value !== "boolean") throw this.#invalid(name, "must be true or false");
    return value;
  }

  name(name: string, pattern: RegExp, expected: string): string | undefined {
    const value = this.#fields.raw(name);
    if (value === undefined) return undefined;
    if (typeof value !== "string" || !pattern.test(value)) throw this.#invalid(name, `must be ${expected}`);
    return value;
  }

  flagOrName(name: string, pattern: RegExp, expected: string): string | boolean | undefined {
    const value = this.#fields.raw(name);
    return typeof value === "boolean" ? value : this.name(name, pattern, expected);
  }

  deadlineMs(): number | undefined {
    const value = this.#fields.raw("deadlineMs");
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > MAX_DEADLINE_MS) {
      throw this.#invalid("deadlineMs", `must be a whole number of milliseconds from 1 to ${MAX_DEADLINE_MS}`);
    }
    return value;
  }

  /** By the method's name, in its own letter case. */
  methods(): [name: string, options: MethodOptions][] {
    const value = this.#fields.raw("methods");
    if (value === undefined) return [];
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.#invalid("methods", "must be an object from method to options");
    }
    const entries = Object.entries(value);
    if (entries.length > MAX_METHODS) throw this.#invalid("methods", `may name ${MAX_METHODS} methods at most`);
    return entries.map(([name, options]) => {
      const place = `${this.#fields.place("methods")}/${pointerPart(name)}`;
      return [name, methodOptions(new OptionFields(options, place, METHOD_OPTIONS))];
    });
  }

  #invalid(name: string, rule: string): GatewayError {
    return invalidOption(this.#fields.place(name), `The option ${name} ${rule}.`);
  }
}
