import type { Schema, ServiceDescriptor } from "@thriftgate/thrift";

/** Of several services in one IDL: the one named as registered, else the last. */
export function pickService(schema: Schema, serviceName: string): ServiceDescriptor | undefined {
  return schema.services.find(({ name }) => name === serviceName) ?? schema.services.at(-1);
}
