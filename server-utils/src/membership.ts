import { EventEmitter } from "node:events";
import type { GatewayRefusal } from "./gateway-refusal.ts";
import { type GatewayAnswer, postJson } from "./gateway-request.ts";
import { dialectMeta, gatewaysOf, type JoinOptions } from "./join-options.ts";
import { afterBeat, afterConnect, delayMs, failed, type JoinState } from "./join-state.ts";
import { departOnSignals } from "./signal-departure.ts";

export interface MembershipEvents {
  /** After each change of `state`. */
  state: [state: JoinState];
  joined: [serverId: string, gateway: string];
  /** The gateway can't be reached, or forgot this server; it is connecting again. */
  lost: [error: Error];
  /** The gateway does not accept the key, or what was asked for. Without a listener, a process warning says so. */
  refused: [error: GatewayRefusal];
  left: [];
}

const DEFAULT_REQUEST_TIMEOUT_MS = 2_000;
/** Within seconds: later than a gateway's restart takes, and soon enough for whoever mistyped its address. */
const WARN_AT_ATTEMPT = 5;

/** A server's place on its gateways, from `joinGateway()` to `leave()`. Keeps no process alive, and never throws. */
export class Membership extends EventEmitter<MembershipEvents> {
  readonly #options: JoinOptions;
  readonly #gateways: readonly string[];
  readonly #timeoutMs: number;
  /** Aborted by `leave()`: ends what is only waited for. */
  readonly #leaving = new AbortController();
  readonly #life: Promise<void>;
  /** In `#gateways`: the one that answered last. */
  #current = 0;
  #state: JoinState = { name: "waiting" };
  #serverId: string | undefined;
  #departure: Promise<void> | undefined;

  constructor(options: JoinOptions) {
    super();
    this.#options = options;
    this.#gateways = gatewaysOf(options);
    this.#timeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    const stay = departOnSignals(options.leaveOnSignals ?? ["SIGTERM", "SIGINT"], () => this.leave());
    const leave = () => void this.leave();
    options.server?.once("close", leave);
    this.#leaving.signal.addEventListener("abort", () => {
      stay();
      options.server?.off("close", leave);
    });
    this.#life = this.#live();
  }

  get state(): JoinState {
    return this.#state;
  }

  /** As the gateway named it; `undefined` until it first did. */
  get serverId(): string | undefined {
    return this.#serverId;
  }

  /**
   * Tells the gateway that no more calls shall come; resolves when it knows, or can't be reached. Await it before the
   * server stops listening. Holds the process for one request's time more than there are gateways, at most.
   */
  leave(): Promise<void> {
    this.#departure ??= this.#leave();
    return this.#departure;
  }

  async #live(): Promise<void> {
    await this.#serverListens();
    if (!this.#leaving.signal.aborted) this.#enter({ name: "connecting", attempt: 0 });
    while (!this.#leaving.signal.aborted) {
      await this.#pause(delayMs(this.#state, Math.random()));
      if (!this.#leaving.signal.aborted) this.#enter(await this.#step(this.#state));
    }
  }

  async #step(state: JoinState): Promise<JoinState> {
    if (!(await this.#isHealthy())) {
      if (state.name === "joined" && !(await this.#disconnect(state.serverId))) return state;
      return { name: "unhealthy" };
    }
    if (state.name === "joined") {
      const { gateway, serverId } = state;
      const answer = await this.#post(gateway, "health", { ServerID: serverId });
      return answer instanceof Error ? failed(0, answer) : afterBeat(state, answer);
    }
    return this.#connect(state.name === "connecting" ? state.attempt : 0);
  }

  /** Tries each gateway once, first the one that answered last; refused only where one of them refuses. */
  async #connect(attempt: number): Promise<JoinState> {
    const { service, address, weight, meta } = this.#options;
    const request = {
      ServiceName: service,
      ServerAddress: address,
      ServerPort: String(this.#port()),
      ...(weight !== undefined && { Weight: weight }),
      Meta: { ...meta, ...dialectMeta(this.#options) },
    };
    let state: JoinState = failed(attempt, new Error("no gateway was asked"));
    for (let tried = 0; tried < this.#gateways.length && !this.#leaving.signal.aborted; tried += 1) {
      const gateway = this.#gateways[this.#current]!;
      const answer = await this.#post(gateway, "connect", request);
      state = answer instanceof Error ? failed(attempt, answer) : afterConnect(attempt, gateway, answer);
      if (state.name !== "connecting") break;
      this.#current = (this.#current + 1) % this.#gateways.length;
    }
    return state;
  }

  #enter(state: JoinState): void {
    const before = this.#state;
    this.#state = state;
    if (state === before) return;
    if (state.name === "joined") this.#serverId = state.serverId;
    this.#tell("state", state);
    if (state.name === "joined") this.#tell("joined", state.serverId, state.gateway);
    if (state.name === "connecting" && before.name === "joined" && state.error) this.#tell("lost", state.error);
    if (state.name === "refused" && before.name !== "refused") {
      if (this.listenerCount("refused") > 0) this.#tell("refused", state.error);
      else warn(`${state.error.message} It is tried again every 30 to 60 seconds.`);
    }
    if (state.name === "connecting" && state.attempt === WARN_AT_ATTEMPT && this.listenerCount("state") === 0) {
      warn(`${state.error?.message} It is tried again every few seconds.`);
    }
  }

  /** What a listener of the host throws is the host's, and must not stop the beats. */
  #tell<K extends keyof MembershipEvents>(event: K, ...args: MembershipEvents[K]): void {
    try {
      (this as EventEmitter).emit(event, ...args);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  async #leave(): Promise<void> {
    // Requests hold no process by themselves; these do: one that may be under way, and a good-bye to each gateway until one hears it.
    const hold = setTimeout(() => {}, (1 + this.#gateways.length) * this.#timeoutMs);
    this.#leaving.abort();
    await this.#life;
    if (this.#state.name === "joined") await this.#disconnect(this.#state.serverId);
    clearTimeout(hold);
    this.#enter({ name: "left" });
    this.#tell("left");
  }

  /** Whether one of them knows. */
  async #disconnect(serverId: string): Promise<boolean> {
    for (let tried = 0; tried < this.#gateways.length; tried += 1) {
      const gateway = this.#gateways[(this.#current + tried) % this.#gateways.length]!;
      const answer = await this.#post(gateway, "disconnect", { ServerID: serverId });
      if (!(answer instanceof Error) && answer.status < 500 && answer.status !== 429) return true;
    }
    return false;
  }

  async #post(gateway: string, path: string, body: object): Promise<GatewayAnswer | Error> {
    try {
      return await postJson(gateway, path, { ApiKey: this.#options.apiKey, ...body }, this.#timeoutMs);
    } catch (error) {
      return error as Error;
    }
  }

  async #isHealthy(): Promise<boolean> {
    const { isHealthy } = this.#options;
    if (!isHealthy) return true;
    const limit = new AbortController();
    try {
      return (await Promise.race([isHealthy(), sleep(this.#timeoutMs, limit.signal)])) === true;
    } catch {
      return false;
    } finally {
      limit.abort();
    }
  }

  /** Not `events.once`, which would take the host's `error` event for itself. */
  #serverListens(): Promise<void> {
    const { server } = this.#options;
    const { signal } = this.#leaving;
    if (!server || server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      server.once("listening", end);
      signal.addEventListener("abort", end, { once: true });
      function end(): void {
        server?.off("listening", end);
        signal.removeEventListener("abort", end);
        resolve();
      }
    });
  }

  #port(): number {
    const address = this.#options.server?.address();
    return this.#options.port ?? (typeof address === "object" && address ? address.port : 0);
  }

  #pause(ms: number): Promise<void> {
    return sleep(ms, this.#leaving.signal);
  }
}

function warn(message: string): void {
  process.emitWarning(message, "ThriftgateWarning");
}

/** Also ends when aborted. Keeps no process alive. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(end, ms).unref();
    signal.addEventListener("abort", end, { once: true });
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    }
  });
}
