import type { MethodCodec } from "@thriftgate/thrift";
import type { Instance } from "../../snapshot/snapshot.ts";

/** What the control plane needs of the data plane to call an instance itself. */
export interface InstanceCalls {
  /** Resolves to the reply as JSON; rejects when there is none within `timeoutMs`, or an exception. */
  call(instance: Instance, codec: MethodCodec, request: object, timeoutMs: number): Promise<string>;
  /** The instance is gone: its connections may go. */
  retire(instanceId: string): void;
}
