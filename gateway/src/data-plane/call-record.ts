import type { Clock } from "../core/clock.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { AccessLog } from "../core/logger.ts";
import type { CallMeter, Metrics } from "../core/metrics.ts";
import type { Instance, Route, ServiceEntry } from "../snapshot/snapshot.ts";

export interface CallRecordContext {
  readonly metrics: Pick<Metrics, "meter" | "unmatched">;
  readonly accessLog: AccessLog;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Of routes that were called before. */
  readonly meters: WeakMap<Route, CallMeter>;
}

/** When what happened to one call; at its end that becomes figures, and perhaps a line in the log. */
export class CallRecord {
  readonly requestId: string;
  readonly startedAtMs: number;
  readonly #context: CallRecordContext;
  #meter: CallMeter | undefined;
  #receivedAtMs: number;
  #calledAtMs = 0;
  #instanceMs = 0;
  #instance: Instance | undefined;
  #attempts = 0;

  constructor(context: CallRecordContext, requestId: string) {
    this.#context = context;
    this.requestId = requestId;
    this.startedAtMs = context.clock.monotonicMs();
    this.#receivedAtMs = this.startedAtMs;
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** For problems. Not from the codec: that it can't be compiled may be the very failure. */
  get place(): { service?: string; method?: string } {
    return this.#meter === undefined ? {} : { service: this.#meter.service, method: this.#meter.method };
  }

  matched(entry: ServiceEntry, route: Route): void {
    const { meters, metrics } = this.#context;
    this.#meter = meters.get(route);
    if (this.#meter === undefined) {
      this.#meter = metrics.meter(entry.name, route.codec.method.name);
      meters.set(route, this.#meter);
    }
    this.#meter.inFlight += 1;
  }

  /** The body is there. Returns the time. */
  received(): number {
    this.#receivedAtMs = this.#context.clock.monotonicMs();
    return this.#receivedAtMs;
  }

  called(instance: Instance): void {
    this.#instance = instance;
    this.#attempts += 1;
    this.#calledAtMs = this.#context.clock.monotonicMs();
  }

  /** The instance has nothing more to do with the call. Returns the time. */
  left(): number {
    const nowMs = this.#context.clock.monotonicMs();
    this.#instanceMs += nowMs - this.#calledAtMs;
    return nowMs;
  }

  retried(): void {
    this.#meter!.retries += 1;
  }

  ended(status: number, code: ErrorCode | undefined, cause: unknown): void {
    const { clock, metrics, accessLog } = this.#context;
    const nowMs = clock.monotonicMs();
    let meter = this.#meter;
    if (meter === undefined) {
      meter = metrics.unmatched;
      meter.inFlight += 1;
    }
    meter.ended(status, nowMs - this.#receivedAtMs - this.#instanceMs, this.#instanceMs);
    if (!accessLog.wants(code !== undefined)) return;
    accessLog.write({
      requestId: this.requestId,
      service: meter.service,
      method: meter.method,
      status,
      code,
      durationMs: nowMs - this.startedAtMs,
      instanceMs: this.#instanceMs,
      instanceId: this.#instance?.id,
      attempts: this.#attempts,
      cause,
    });
  }
}
