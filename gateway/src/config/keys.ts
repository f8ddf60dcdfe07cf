import { z } from "zod";
import { configSchema } from "./schema.ts";

/** One key of the configuration that holds a value. */
export interface ConfigKey {
  /** `limits.maxDepth` */
  readonly path: string;
  /** `THRIFTGATE_LIMITS_MAX_DEPTH` */
  readonly env: string;
  readonly type: "number" | "boolean" | "list" | "object" | "text";
  readonly secret: boolean;
  readonly default: unknown;
  readonly description: string;
}

interface JsonSchema {
  readonly type?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly secret?: boolean;
  readonly default?: unknown;
  readonly description?: string;
}

/** What a configuration file may hold, for editors: config/thriftgate.schema.json. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, { io: "input" }) as JsonSchema;
  return { ...schema, properties: { $schema: { type: "string", description: "This schema." }, ...schema.properties } };
}

/** Every key by its path. */
export const configKeys: ReadonlyMap<string, ConfigKey> = new Map(
  keysOf(z.toJSONSchema(configSchema, { io: "input" }) as JsonSchema, "").map((key) => [key.path, key]),
);

function keysOf(schema: JsonSchema, prefix: string): ConfigKey[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = `${prefix}${name}`;
    if (property.properties) return keysOf(property, `${path}.`);
    const { anyOf = [property], secret = false, default: value, description = "" } = property;
    const type = valueType(anyOf[0]?.type);
    return [{ path, env: environmentName(path), type, secret, default: value, description }];
  });
}

function valueType(type: string | undefined): ConfigKey["type"] {
  if (type === "integer" || type === "number") return "number";
  if (type === "boolean") return "boolean";
  if (type === "object") return "object";
  return type === "array" ? "list" : "text";
}

function environmentName(path: string): string {
  return `THRIFTGATE_${path
    .replace(".", "_")
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase()}`;
}
