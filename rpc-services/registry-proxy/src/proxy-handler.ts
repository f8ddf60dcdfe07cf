import { createHash, timingSafeEqual } from "node:crypto";
import { PROXY_SERVICE, parseHost, type Registry, serverIdOf } from "thriftgate/registry";
import type { ConnectRequest, ConnectResponse, HealthResponse, HealtRequest, RegistryProxyHandler } from "./registry-proxy.ts";

export interface ProxyHandlerOptions {
  readonly registry: Pick<Registry, "join" | "beat">;
  /** What gateways send; whoever sends anything else is no gateway. */
  readonly secret: string;
  readonly timeToLiveSeconds: number;
  readonly timeToDieSeconds: number;
}

/** Does in Consul what the gateway asks for, which has checked whose key it was and where the server says that it is. */
export function createProxyHandler(options: ProxyHandlerOptions): RegistryProxyHandler {
  const { registry, timeToLiveSeconds, timeToDieSeconds } = options;
  const secret = digest(options.secret);

  function assertGateway(key: string): void {
    if (!timingSafeEqual(digest(key), secret)) throw new Error("This is for gateways that know the secret.");
  }

  async function connect(request: ConnectRequest): Promise<ConnectResponse> {
    assertGateway(request.ApiKey);
    const { ServiceName: serviceName, TTL, TTD } = request;
    if (serviceName === "" || serviceName === PROXY_SERVICE) throw new Error("ServiceName is missing, or the proxies' own.");
    if (TTL !== timeToLiveSeconds || TTD !== timeToDieSeconds) {
      throw new Error(`This proxy registers with ${timeToLiveSeconds} s to live and ${timeToDieSeconds} s to die.`);
    }
    const address = parseHost(request.ServerAddress);
    const port = parsePort(request.ServerPort);
    const serverId = serverIdOf(serviceName, address, port);
    await registry.join({ serverId, serviceName, address, port, weight: 1, meta: {} });
    return { Status: "ok", Message: "Server registered.", ServerID: serverId };
  }

  async function beat({ ApiKey, ServerID }: HealtRequest): Promise<HealthResponse> {
    assertGateway(ApiKey);
    if (!(await registry.beat(ServerID))) throw new Error("There is no such server.");
    return { Status: "ok", Message: "Server health updated." };
  }

  return {
    connectServer: (request) => connect(request).catch((error: Error) => ({ ...failed(error), ServerID: "" })),
    healthCheckServer: (request) => beat(request).catch(failed),
  };
}

function failed({ message }: Error): HealthResponse {
  return { Status: "failed", Message: message };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new Error("ServerPort must be a port from 1 to 65535.");
  return port;
}
