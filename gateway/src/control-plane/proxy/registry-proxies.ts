import { compileIdl, createServiceCodec, type MethodCodec } from "@thriftgate/thrift";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { Instance } from "../../snapshot/snapshot.ts";
import { isServerId } from "../connect/server-id.ts";
import type { InstanceRecord } from "../registry/registry.ts";
import type { InstanceCalls } from "./instance-calls.ts";
import { PROXY_IDL, PROXY_MARK, PROXY_SERVICE } from "./proxy-idl.ts";

/** Registry proxies, which take the work of /connect and /health off the gateway. Never rejects: what none of them does, the gateway does itself. */
export interface RegistryProxies {
  /** The ServerID under which a proxy registered the instance; `undefined`: none did. */
  connect(record: InstanceRecord): Promise<string | undefined>;
  /** `false`: no proxy did, for whatever reason. */
  beat(serverId: string): Promise<boolean>;
}

export interface RegistryProxiesOptions {
  readonly calls: InstanceCalls;
  /** Those that are registered now. */
  readonly instances: () => readonly Instance[];
  /** Says to the registry that they are being called. */
  readonly interest?: ((serviceName: string) => void) | undefined;
  /** Shared with our own proxies; without one, those are not asked. */
  readonly secret: string | undefined;
  readonly timeToLiveSeconds: number;
  readonly timeToDieSeconds: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** With the gateway's own attempt after it, still within the 5 s that a registry's user waits. */
const CALL_TIMEOUT_MS = 1_000;
/** One that failed is left alone so long, so that a hung proxy holds up few beats. */
const REST_MS = 5_000;
/** Calls under way at one proxy; what comes beyond is done here. */
const MAX_IN_FLIGHT = 64;

interface ProxyState {
  restsUntilMs: number;
  inFlight: number;
}

export const noProxies: RegistryProxies = { connect: async () => undefined, beat: async () => false };

export function createRegistryProxies(options: RegistryProxiesOptions): RegistryProxies {
  const { calls, clock, logger, secret } = options;
  const { connectServer, healthCheckServer } = compileCodecs();
  let known: readonly Instance[] = [];
  const states = new Map<string, ProxyState>();
  let turn = 0;

  /** Of those that went, nothing stays. */
  function follow(instances: readonly Instance[]): void {
    const ids = new Set(instances.map(({ id }) => id));
    for (const { id } of known) {
      if (ids.has(id)) continue;
      states.delete(id);
      calls.retire(id);
    }
    known = instances;
  }

  function stateOf({ id }: Instance): ProxyState {
    const state = states.get(id) ?? { restsUntilMs: Number.NEGATIVE_INFINITY, inFlight: 0 };
    states.set(id, state);
    return state;
  }

  function isReady(proxy: Instance): boolean {
    if (proxy.health !== "passing" || (isOurs(proxy) && secret === undefined)) return false;
    const { restsUntilMs, inFlight } = stateOf(proxy);
    return restsUntilMs <= clock.monotonicMs() && inFlight < MAX_IN_FLIGHT;
  }

  function pick(): Instance | undefined {
    options.interest?.(PROXY_SERVICE);
    const instances = options.instances();
    if (instances !== known) follow(instances);
    for (let tries = 0; tries < instances.length; tries += 1) {
      turn = (turn + 1) % instances.length;
      if (isReady(instances[turn]!)) return instances[turn];
    }
    return undefined;
  }

  /** The answer of the next proxy, if there is one and it did the work. */
  async function ask(codec: MethodCodec, request: object): Promise<Readonly<Record<string, unknown>> | undefined> {
    const proxy = pick();
    if (!proxy) return undefined;
    const state = stateOf(proxy);
    state.inFlight += 1;
    try {
      const ApiKey = isOurs(proxy) ? secret : "";
      const answer = JSON.parse(await calls.call(proxy, codec, { ApiKey, ...request }, CALL_TIMEOUT_MS));
      if (answer.Status === "ok") return answer;
      logger.debug({ proxy: proxy.id, answer: answer.Message }, "a registry proxy did not do the work");
    } catch (error) {
      state.restsUntilMs = clock.monotonicMs() + REST_MS;
      logger.warn({ err: error, proxy: proxy.id }, "a registry proxy can't be used");
    } finally {
      state.inFlight -= 1;
    }
    return undefined;
  }

  return {
    async connect({ serviceName, address, port, weight, meta }) {
      // What the proxies' IDL has no fields for would be lost.
      if (weight !== 1 || Object.keys(meta).length > 0) return undefined;
      const answer = await ask(connectServer, {
        ServiceName: serviceName,
        ServerAddress: address,
        ServerPort: String(port),
        TTL: options.timeToLiveSeconds,
        TTD: options.timeToDieSeconds,
      });
      const serverId = answer?.ServerID;
      return typeof serverId === "string" && isServerId(serverId) ? serverId.toLowerCase() : undefined;
    },
    async beat(serverId) {
      return (await ask(healthCheckServer, { ServerID: serverId })) !== undefined;
    },
  };
}

function isOurs({ meta }: Instance): boolean {
  return meta.proxy === PROXY_MARK;
}

function compileCodecs(): { readonly connectServer: MethodCodec; readonly healthCheckServer: MethodCodec } {
  const result = compileIdl({ "registry_proxy.thrift": PROXY_IDL }, "registry_proxy.thrift");
  if (!result.ok) throw new TypeError("the IDL of registry proxies can't be compiled");
  const service = createServiceCodec(result.schema, PROXY_SERVICE);
  return { connectServer: service.method("connectServer")!, healthCheckServer: service.method("healthCheckServer")! };
}
