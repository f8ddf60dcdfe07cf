import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Upper bounds in milliseconds; from a call within one machine to one that ran into its deadline. */
const latencyBoundsMs = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];

/** The callers that no route was found for share one series, so that nobody can make series by inventing names. */
const unmatchedLabel = "";

const clientClosedStatus = 499;

/** Counts of observations by bound. prom-client hashes its labels at each `observe`; this adds to a slot of an array. */
class LatencyCounts {
  readonly buckets = new Float64Array(latencyBoundsMs.length + 1);
  sumMs = 0;

  add(ms: number): void {
    let slot = 0;
    while (slot < latencyBoundsMs.length && ms > latencyBoundsMs[slot]!) slot += 1;
    this.buckets[slot]! += 1;
    this.sumMs += ms;
  }
}

/** The figures of one method's calls: resolved once per route, then plain additions. */
export class CallMeter {
  readonly service: string;
  readonly method: string;
  inFlight = 0;
  retries = 0;
  clientClosed = 0;
  /** By status class: 1xx, 2xx, 3xx, 4xx, 5xx. */
  readonly byStatusClass = new Float64Array(5);
  /** Within the gateway, the wait for an instance included. */
  readonly gateway = new LatencyCounts();
  /** From handing the call to a connection until its reply was there; retries add up. */
  readonly instance = new LatencyCounts();

  constructor(service: string, method: string) {
    this.service = service;
    this.method = method;
  }

  ended(status: number, gatewayMs: number, instanceMs: number): void {
    this.inFlight -= 1;
    this.byStatusClass[Math.floor(status / 100) - 1]! += 1;
    if (status === clientClosedStatus) this.clientClosed += 1;
    this.gateway.add(gatewayMs);
    if (instanceMs > 0) this.instance.add(instanceMs);
  }
}

export interface InstanceCount {
  readonly service: string;
  readonly health: string;
  readonly count: number;
}

export interface Metrics {
  /** For `/metrics`, and for adding up the workers' figures. */
  readonly registry: Registry;
  /** The same meter for the same names, until the service is forgotten. Only for names of the snapshot: labels stay bounded. */
  meter(service: string, method: string): CallMeter;
  /** Calls that no route was found for. */
  readonly unmatched: CallMeter;
  /** A request that was refused before it could be a call, e.g. by the HTTP parser. */
  refused(code: string): void;
  /** Drops the series of a service that is gone. */
  forget(service: string): void;
}

export interface MetricsOptions {
  /** Asked at each scrape. */
  readonly instances?: () => Iterable<InstanceCount>;
  /** Of what is kept on disk of the store; `undefined`: nothing is. Asked at each scrape. */
  readonly lastSnapshotAgeMs?: () => number | undefined;
  /** Node's own figures: memory, event-loop delay, garbage collection. Default true. */
  readonly process?: boolean;
}

export function createMetrics({ instances, lastSnapshotAgeMs, process = true }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const services = new Map<string, Map<string, CallMeter>>();
  const unmatched = new CallMeter(unmatchedLabel, unmatchedLabel);
  const labelNames = ["service", "method"] as const;

  function* meters(): Iterable<CallMeter> {
    yield unmatched;
    for (const methods of services.values()) yield* methods.values();
  }

  new Counter({
    name: "thriftgate_calls_total",
    help: "Calls that ended, by class of their status.",
    labelNames: [...labelNames, "status"],
    registers,
    collect() {
      this.reset();
      for (const { service, method, byStatusClass } of meters()) {
        for (const [index, count] of byStatusClass.entries()) {
          if (count > 0) this.inc({ service, method, status: `${index + 1}xx` }, count);
        }
      }
    },
  });
  new Counter({
    name: "thriftgate_client_closed_total",
    help: "Calls whose caller went away before the answer; they are also counted as 4xx.",
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { service, method, clientClosed } of meters()) if (clientClosed > 0) this.inc({ service, method }, clientClosed);
    },
  });
  new Counter({
    name: "thriftgate_retries_total",
    help: "Times that a call was given to another instance.",
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { service, method, retries } of meters()) if (retries > 0) this.inc({ service, method }, retries);
    },
  });
  new Gauge({
    name: "thriftgate_calls_in_flight",
    help: "Calls that have begun and not ended.",
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { service, method, inFlight } of meters()) this.set({ service, method }, inFlight);
    },
  });
  new LatencyHistogram("thriftgate_gateway_seconds", "Time of a call within the gateway.", registry, meters, "gateway");
  new LatencyHistogram("thriftgate_instance_seconds", "Time of a call at instances.", registry, meters, "instance");
  if (instances !== undefined) {
    new Gauge({
      name: "thriftgate_instances",
      help: "Instances by health.",
      labelNames: ["service", "health"],
      registers,
      collect() {
        this.reset();
        for (const { service, health, count } of instances()) this.set({ service, health }, count);
      },
    });
  }
  if (lastSnapshotAgeMs !== undefined) {
    new Gauge({
      name: "thriftgate_last_snapshot_age_seconds",
      help: "Since the snapshot on disk was known to be what the store holds.",
      registers,
      collect() {
        const ageMs = lastSnapshotAgeMs();
        if (ageMs === undefined) this.remove();
        else this.set(ageMs / 1_000);
      },
    });
  }
  const refusals = new Counter({
    name: "thriftgate_http_refused_total",
    help: "Requests that were refused before they could be a call.",
    labelNames: ["code"],
    registers,
  });
  if (process) collectDefaultMetrics({ register: registry });

  return {
    registry,
    unmatched,
    meter(service, method) {
      const methods = services.get(service) ?? new Map<string, CallMeter>();
      const meter = methods.get(method) ?? new CallMeter(service, method);
      services.set(service, methods.set(method, meter));
      return meter;
    },
    refused: (code) => refusals.inc({ code }),
    forget: (service) => void services.delete(service),
  };
}

/** A histogram whose counts are kept elsewhere and only read at a scrape. */
class LatencyHistogram extends Histogram<"service" | "method"> {
  readonly #name: string;
  readonly #help: string;
  readonly #meters: () => Iterable<CallMeter>;
  readonly #part: "gateway" | "instance";

  constructor(name: string, help: string, registry: Registry, meters: () => Iterable<CallMeter>, part: "gateway" | "instance") {
    super({ name, help, labelNames: ["service", "method"], buckets: latencyBoundsMs.map(seconds), registers: [registry] });
    this.#name = name;
    this.#help = help;
    this.#meters = meters;
    this.#part = part;
  }

  /** prom-client's own name for what it exports, as text and as JSON. */
  getForPromString() {
    const name = this.#name;
    const values: object[] = [];
    for (const meter of this.#meters()) {
      const sharedLabels = { service: meter.service, method: meter.method };
      const { buckets, sumMs } = meter[this.#part];
      let count = 0;
      for (const [slot, inBucket] of buckets.entries()) {
        count += inBucket;
        const le = slot < latencyBoundsMs.length ? seconds(latencyBoundsMs[slot]!) : "+Inf";
        values.push({ metricName: `${name}_bucket`, labels: { le }, sharedLabels, value: count });
      }
      values.push({ metricName: `${name}_sum`, labels: {}, sharedLabels, value: seconds(sumMs) });
      values.push({ metricName: `${name}_count`, labels: {}, sharedLabels, value: count });
    }
    return { name, help: this.#help, type: "histogram", values, aggregator: "sum" };
  }
}

function seconds(ms: number): number {
  return ms / 1000;
}
