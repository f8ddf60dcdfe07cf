import type { Clock } from "../../core/clock.ts";
import type { ConsulAnswer, ConsulClient } from "./consul-client.ts";
import { type CatalogInstance, LEFT_SERVICE, parseChecks, parseServiceHealth, parseServices } from "./consul-record.ts";
import { backOffMs, watchConsul } from "./consul-watch.ts";

export interface DiscoveryOptions {
  readonly client: Pick<ConsulClient, "get">;
  readonly clock: Clock;
  /** Services that have instances here, be they in Consul or not. */
  readonly known: () => Iterable<string>;
  /** Services whose instances a query of their own waits for. */
  readonly maxWatchedServices: number;
  /** A service's instances as Consul lists them now. Incomplete: what is missing may well be there. */
  readonly onInstances: (serviceName: string, instances: readonly CatalogInstance[], isComplete: boolean) => void;
  /** The marks of registrations that ended. */
  readonly onLeft: (marks: readonly string[]) => void;
  readonly onTrouble: (error: unknown) => void;
  readonly onRecovery: () => void;
}

/**
 * Keeps the instances of all services fresh on few connections. Two queries wait for any change: the list of services with
 * their tags, among which is a mark of each registration of ours, and the list of critical checks. What changed is then read
 * service by service. Services that are called are waited for one by one, as far as connections go; and
 * all others are read in turns, for what neither list shows: instances that registered themselves with the tags of others.
 */
export interface Discovery {
  /** Resolves once everything has been read, or `timeoutMs` later. */
  start(timeoutMs: number): Promise<void>;
  refresh(serviceName: string): void;
  interest(serviceName: string): void;
  /** What went wrong since the last answer. */
  readonly trouble: unknown;
  /** Since the last answer; infinite before the first one. */
  ageMs(): number;
  stop(): void;
}

const SERVICES_PATH = "/v1/catalog/services";
const CRITICAL_PATH = "/v1/health/state/critical";
/** How many services are read at once. */
const MAX_READS = 8;
/** A server that lags behind the one that told of a change is given so long to have it too. */
const CATCH_UP_MS = 1_000;
/** In which every service is read once. */
const ROUND_MS = 60_000;
const MIN_TURN_MS = 20;
/** What was called within it is not given up for another service. */
const INTEREST_MS = 60_000;
/** Consul's own. */
const CONSUL_SERVICE = "consul";

export function healthPath(serviceName: string): string {
  return `/v1/health/service/${encodeURIComponent(serviceName)}`;
}

export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { client, clock } = options;
  /** The tags of each service, joined. */
  let services: ReadonlyMap<string, string> = new Map();
  /** The critical checks of each service, joined; under "" those of nodes. */
  let critical: ReadonlyMap<string, string> = new Map();
  /** What was not answered yet. */
  const awaited = new Set<string>([SERVICES_PATH, CRITICAL_PATH]);
  const indexes = new Map<string, number>();
  /** Services to read; `true`: until they changed. */
  const queue = new Map<string, boolean>();
  const reading = new Set<string>();
  const watched = new Map<string, { readonly stop: () => void; calledAtMs: number }>();
  const stops: (() => void)[] = [];
  let turns: Iterator<string> = [].values();
  let nextEvictionMs = 0;
  let failures = 0;
  let isPaused = false;
  let isStopped = false;
  let answeredAtMs = Number.NEGATIVE_INFINITY;
  /** The last failure of each path that has failed since it was last answered. */
  const troubles = new Map<string, unknown>();
  let cancelPause = (): void => {};
  let cancelTurn = (): void => {};
  let onIdle: (() => void) | undefined;

  function succeeded(path: string): void {
    answeredAtMs = clock.monotonicMs();
    failures = 0;
    awaited.delete(path);
    if (!troubles.delete(path) || troubles.size > 0) return;
    options.onRecovery();
    // Whatever happened meanwhile, to those as well whose tags and checks look the same again.
    for (const name of everyService()) enqueue(name, false);
  }

  function everyService(): Set<string> {
    return new Set([...services.keys(), ...options.known()]);
  }

  function failed(path: string, error: unknown): void {
    // Whoever answers next may count otherwise.
    indexes.clear();
    troubles.set(path, error);
    if (troubles.size === 1) options.onTrouble(error);
  }

  function enqueue(name: string, isChanged: boolean): void {
    queue.set(name, isChanged || queue.get(name) === true);
    pump();
  }

  function pump(): void {
    if (isPaused || isStopped) return;
    for (const [name, isChanged] of queue) {
      if (reading.size >= MAX_READS) return;
      if (reading.has(name)) continue;
      queue.delete(name);
      reading.add(name);
      void read(name, isChanged).finally(() => {
        reading.delete(name);
        pump();
      });
    }
    if (queue.size + reading.size + awaited.size === 0) onIdle?.();
  }

  async function read(name: string, isChanged: boolean): Promise<void> {
    const index = indexes.get(name);
    const wait = isChanged && index !== undefined ? `&index=${index}&wait=${CATCH_UP_MS}ms` : "";
    try {
      accept(name, await client.get(`${healthPath(name)}?stale${wait}`));
    } catch (error) {
      if (isStopped) return;
      failed(healthPath(name), error);
      queue.set(name, queue.get(name) ?? false);
      pause();
    }
  }

  function pause(): void {
    if (isPaused) return;
    isPaused = true;
    cancelPause = clock.after(backOffMs(failures++), () => {
      isPaused = false;
      pump();
    });
  }

  function accept(name: string, { json, index, isFiltered }: ConsulAnswer): void {
    const instances = parseServiceHealth(name, json);
    if (isStopped) return;
    if (services.has(name)) indexes.set(name, index);
    else indexes.delete(name);
    succeeded(healthPath(name));
    options.onInstances(name, instances, !isFiltered);
  }

  function acceptServices({ json }: ConsulAnswer): void {
    const tagsOf = parseServices(json);
    const before = services;
    const isNews = !awaited.has(SERVICES_PATH);
    succeeded(SERVICES_PATH);
    const left = tagsOf.get(LEFT_SERVICE);
    tagsOf.delete(LEFT_SERVICE);
    tagsOf.delete(CONSUL_SERVICE);
    services = new Map([...tagsOf].map(([name, tags]) => [name, tags.join()]));
    if (left) options.onLeft(left);
    enqueueChanges(before, services, isNews);
  }

  function acceptCritical({ json }: ConsulAnswer): void {
    const keys = new Map<string, string[]>();
    for (const { serviceName, key } of parseChecks(json)) keys.set(serviceName, [...(keys.get(serviceName) ?? []), key]);
    const before = critical;
    const isNews = !awaited.has(CRITICAL_PATH);
    succeeded(CRITICAL_PATH);
    critical = new Map([...keys].map(([name, checks]) => [name, checks.sort().join()]));
    if (before.get("") !== critical.get("")) for (const name of everyService()) enqueue(name, false);
    enqueueChanges(before, critical, isNews);
  }

  function enqueueChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>, isNews: boolean): void {
    for (const name of new Set([...before.keys(), ...after.keys()])) {
      const isOurs = name !== "" && name !== LEFT_SERVICE && name !== CONSUL_SERVICE;
      if (isOurs && before.get(name) !== after.get(name) && !watched.has(name)) enqueue(name, isNews);
    }
    pump();
  }

  function takeTurn(): void {
    let next = turns.next();
    if (next.done) {
      turns = everyService().values();
      next = turns.next();
    }
    if (!next.done && !watched.has(next.value) && troubles.size === 0) enqueue(next.value, false);
    const turnMs = Math.max(MIN_TURN_MS, ROUND_MS / Math.max(services.size, 1));
    cancelTurn = clock.after(turnMs, takeTurn);
  }
  function follow(path: string, onAnswer: (answer: ConsulAnswer) => void): () => void {
    const stop = watchConsul({
      client,
      clock,
      path,
      onAnswer,
      onHeard() {
        answeredAtMs = clock.monotonicMs();
      },
      onFailure: (error) => failed(path, error),
    });
    return () => {
      stop();
      troubles.delete(path);
    };
  }

  /** Makes room for one more, if there is none, by giving up what nobody called for a while. */
  function makeRoom(nowMs: number): boolean {
    if (watched.size < options.maxWatchedServices) return true;
    // On the path of calls, so not each time.
    if (nowMs < nextEvictionMs) return false;
    nextEvictionMs = nowMs + 1_000;
    for (const [name, { stop, calledAtMs }] of watched) {
      if (calledAtMs + INTEREST_MS > nowMs) continue;
      stop();
      watched.delete(name);
      return true;
    }
    return false;
  }

  return {
    async start(timeoutMs) {
      const read = new Promise<void>((resolve) => {
        onIdle = resolve;
        stops.push(clock.after(timeoutMs, resolve));
      });
      stops.push(follow(SERVICES_PATH, acceptServices), follow(CRITICAL_PATH, acceptCritical));
      cancelTurn = clock.after(MIN_TURN_MS, takeTurn);
      await read;
      onIdle = undefined;
    },

    refresh: (serviceName) => enqueue(serviceName, false),

    interest(serviceName) {
      const nowMs = clock.monotonicMs();
      const watch = watched.get(serviceName);
      if (watch) watch.calledAtMs = nowMs;
      else if (services.has(serviceName) && !isStopped && makeRoom(nowMs)) {
        watched.set(serviceName, {
          stop: follow(healthPath(serviceName), (answer) => accept(serviceName, answer)),
          calledAtMs: nowMs,
        });
      }
    },

    get trouble() {
      return troubles.values().next().value;
    },
    ageMs: () => clock.monotonicMs() - answeredAtMs,

    stop() {
      isStopped = true;
      cancelTurn();
      cancelPause();
      for (const stop of stops) stop();
      for (const { stop } of watched.values()) stop();
      queue.clear();
    },
  };
}
