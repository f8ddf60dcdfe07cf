import type { ServiceDefinition } from "../../gateway/src/control-plane/store/store.ts";

/** A definition as a store sees it: anything but its shape is none of a store's business. */
export function definitionOf(idl: string, overrides: Partial<ServiceDefinition> = {}): ServiceDefinition {
  return {
    serviceId: "1",
    idlFiles: { "main.thrift": idl },
    mainFile: "main.thrift",
    version: "1.0",
    description: "",
    serverCount: 1,
    paths: [{ methodPath: "new", exposedMethod: "insert" }],
    registeredServers: [{ serverUrl: "http://localhost:8000", port: 8000 }],
    ...overrides,
  };
}
