import type { Schema } from "@thriftgate/thrift";
import { pickService } from "../publish/pick-service.ts";
import type { ServiceDefinition, ServiceOptions } from "../store/store.ts";

/**
 * The options of a service after an update that says nothing of them: clients of the original don't know that there are any. Those
 * of methods that the new IDL lacks go with the methods.
 */
export function keptOptions(name: string, before: ServiceDefinition | undefined, schema: Schema): ServiceOptions | undefined {
  if (!before?.options?.methods) return before?.options;
  const { methods, ...options } = before.options;
  const known = new Set(pickService(schema, name)?.methods.map((method) => method.name));
  const kept = Object.entries(methods).filter(([method]) => known.has(method));
  return { ...options, ...(kept.length > 0 && { methods: Object.fromEntries(kept) }) };
}
