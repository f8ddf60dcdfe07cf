import { Deadline } from "../../core/deadline.ts";
import type { Dialect, Instance } from "../../snapshot/snapshot.ts";
import type { Call } from "./call.ts";
import { chooseConnection } from "./choose-connection.ts";
import { Connection } from "./connection.ts";
import type { ConnectionContext, ConnectionEnd, ConnectionOwner } from "./connection-owner.ts";
import { type DialectContext, type DialectOwner, InstanceDialect } from "./instance-dialect.ts";
import { InstancePace } from "./instance-pace.ts";

/** An extra connection costs many servers a thread: it goes when the rush is over. */
const extraIdleLimitMs = 10_000;
/** The only connection stays warm through a quiet spell; a stale one would go unnoticed for longer. */
const lastIdleLimitMs = 300_000;
/** A server that took no extra connection gets no other for so long. */
const extraRefusedForMs = 10_000;
/** One that took it and served the others alone has a single thread; to try again costs calls. */
const extraUnservedForMs = 600_000;
/** How long a failed instance is remembered as failing after its last call. */
const rememberMs = 60_000;

export interface PoolContext extends ConnectionContext, DialectContext {
  readonly maxConnectionsPerInstance: number;
  onSocketOpened(connection: Connection): void;
  onSocketClosed(connection: Connection): void;
  /** It holds nothing worth keeping. */
  onPoolEmpty(pool: InstancePool): void;
}

/** The connections of one instance: one as a rule, more while a slow call would hold up others. */
export class InstancePool extends Deadline implements ConnectionOwner, DialectOwner {
  readonly #context: PoolContext;
  #instance: Instance;
  #dialect: InstanceDialect;
  #pace = new InstancePace();
  /** In order of age; those that drain stay until they are closed. */
  readonly #connections: Connection[] = [];
  #lastConnectFailed: boolean = false;
  #noExtraUntilMs = 0;
  /** The instance left: the pool goes with its last connection, unless a late call comes. */
  #retired: boolean = false;

  constructor(instance: Instance, context: PoolContext) {
    super();
    this.#instance = instance;
    this.#context = context;
    this.#dialect = new InstanceDialect(instance, context, this);
  }

  get instanceId(): string {
    return this.#instance.id;
  }

  get inFlight(): number {
    let sum = this.#dialect.waiting;
    for (const connection of this.#connections) sum += connection.inFlight;
    return sum;
  }

  /** The dialect that was found out. */
  get foundDialect(): Dialect | undefined {
    return this.#dialect.found;
  }

  get state(): "idle" | "connected" | "failing" {
    if (this.#connections.some((connection) => connection.isOpened)) return "connected";
    return this.#lastConnectFailed ? "failing" : "idle";
  }

  /** The same instance as published last; its address or dialect may have changed. */
  update(instance: Instance): void {
    const before = this.#instance;
    const moved = before.address !== instance.address || before.port !== instance.port;
    const speaksAnew = !speakAlike(before, instance);
    this.#instance = instance;
    if (moved || before.joinedAtMs !== instance.joinedAtMs) this.#pace = new InstancePace();
    if (!moved && !speaksAnew) return;
    const former = this.#dialect;
    this.#dialect = new InstanceDialect(instance, this.#context, this);
    if (moved || !isSame(former.current, this.#dialect.current)) this.#drain();
    // Only now: the calls that wait for it go out as the instance speaks from now on.
    former.stop();
  }

  get instance(): Instance {
    return this.#instance;
  }

  /** It joined, maybe anew. */
  introduce(): void {
    this.#retired = false;
    this.#dialect.anticipate();
  }

  place(call: Call): void {
    this.#retired = false;
    if (!this.#dialect.detain(call)) this.release(call);
  }

  release(call: Call): void {
    call.pace = this.#pace.of(call.methodName);
    call.isSlow = this.#pace.isSlow(call.pace);
    const nowMs = call.startedAtMs;
    const limit = nowMs < this.#noExtraUntilMs ? 1 : this.#context.maxConnectionsPerInstance;
    const connection = chooseConnection(this.#connections, call, nowMs, limit) ?? this.#open();
    connection.add(call);
  }

  onDialectChanged(): void {
    this.#drain();
  }

  retire(): void {
    this.#retired = true;
    this.#dialect.stop();
    this.#drain();
    this.#forgetIfEmpty();
  }

  idleLimitMs(): number {
    return this.#connections.length > 1 ? extraIdleLimitMs : lastIdleLimitMs;
  }

  onOpen(): void {
    this.#lastConnectFailed = false;
  }

  onClosed(connection: Connection, how: ConnectionEnd): void {
    this.#connections.splice(this.#connections.indexOf(connection), 1);
    const others = this.#connections.filter(({ isOpened }) => isOpened);
    if (how === "unopened" && others.length > 0) this.#allowNoExtra(extraRefusedForMs);
    else if (how === "unopened") this.#lastConnectFailed = true;
    else if (how === "stuck" && wasStarved(connection, others)) this.#allowNoExtra(extraUnservedForMs);
    else if (how !== "drained" && !connection.hasAnsweredSince(connection.openedAtMs!)) this.#dialect.doubt();
    this.#forgetIfEmpty();
  }

  /** A call that never left goes to a connection that is open, and to a new one when its own was. */
  adopt(call: Call, how: ConnectionEnd): boolean {
    if (call.moved || this.#retired) return false;
    const open = this.#connections.filter(({ state }) => state === "open");
    if (open.length === 0 && how === "unopened") return false;
    call.moved = true;
    if (open.length === 0) this.place(call);
    else open.reduce((one, other) => (other.depth < one.depth ? other : one)).add(call);
    return true;
  }

  onSocketClosed(connection: Connection): void {
    this.#context.onSocketClosed(connection);
  }

  override onDeadline(): void {
    if (this.#connections.length > 0) return;
    this.#lastConnectFailed = false;
    if (this.#dialect.isSearching) this.#forgetIfEmpty();
    else if (this.#dialect.found === undefined) this.#context.onPoolEmpty(this);
  }

  #drain(): void {
    for (const connection of [...this.#connections]) connection.drain();
  }

  #allowNoExtra(forMs: number): void {
    this.#noExtraUntilMs = this.#context.clock.monotonicMs() + forMs;
  }

  #forgetIfEmpty(): void {
    if (this.#connections.length > 0) return;
    const { deadlines, clock } = this.#context;
    if (this.#retired) {
      deadlines.cancel(this);
      this.#context.onPoolEmpty(this);
    } else deadlines.schedule(this, clock.monotonicMs() + rememberMs);
  }

  #open(): Connection {
    const connection = new Connection(this.#instance, this.#dialect.current, this.#pace, this.#context, this);
    this.#connections.push(connection);
    this.#context.onSocketOpened(connection);
    return connection;
  }
}

/** One that joined anew without declaring its dialect may be another program than before. */
function speakAlike(one: Instance, other: Instance): boolean {
  if (other.dialectIsGuess === true && one.joinedAtMs !== other.joinedAtMs) return false;
  return one.dialectIsGuess === other.dialectIsGuess && isSame(one.dialect, other.dialect);
}

function isSame(one: Dialect, other: Dialect): boolean {
  return one.transport === other.transport && one.protocol === other.protocol && one.multiplexed === other.multiplexed;
}

/** It was never answered on, while another was. */
function wasStarved(connection: Connection, others: readonly Connection[]): boolean {
  const { openedAtMs } = connection;
  if (openedAtMs === undefined || connection.hasAnsweredSince(openedAtMs)) return false;
  return others.some((other) => other.hasAnsweredSince(openedAtMs));
}
