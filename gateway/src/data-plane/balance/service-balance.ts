import type { Clock } from "../../core/clock.ts";
import type { DeadlineWheel } from "../../core/deadline.ts";
import type { Instance } from "../../snapshot/snapshot.ts";
import { noHealthyInstance } from "./balance-errors.ts";
import { Ejection, type Outcome } from "./ejection.ts";
import type { InstanceAwaiter, Pick } from "./instance-awaiter.ts";
import { RetryBudget } from "./retry-budget.ts";
import { RoundRobin } from "./round-robin.ts";
import { WaitingLine } from "./waiting-line.ts";

/** After so many members that can't take the call, those that can are looked for one by one. */
const maxTurns = 8;

/** Of the gateway's limits. */
export interface BalanceLimits {
  readonly maxInFlightPerInstance: number;
  readonly maxWaitingPerService: number;
  readonly retryBudgetRatio: number;
}

/** What is known of an instance; outlives the entries that list it. */
interface Member {
  instance: Instance;
  weight: number;
  inFlight: number;
  ejection: Ejection;
  /** `false`: it left. */
  listed: boolean;
}

/** Members of a better tier that are merely full are waited for: a worse tier is for when there are none. */
const tiers = ["good", "critical", "ejected"] as const;
type Tier = (typeof tiers)[number];

/** Who is next, among the instances of one service. */
export class ServiceBalance {
  readonly #clock: Clock;
  readonly #maxInFlight: number;
  readonly #roundRobin = new RoundRobin();
  readonly #line: WaitingLine;
  readonly #budget: RetryBudget;
  /** By instance ID; with those that left, while calls are under way there. */
  readonly #known = new Map<string, Member>();
  #members: readonly Member[] = [];
  #maxWeight = 1;
  #searches = 0;

  constructor(instances: readonly Instance[], clock: Clock, deadlines: DeadlineWheel, limits: BalanceLimits) {
    this.#clock = clock;
    this.#maxInFlight = limits.maxInFlightPerInstance;
    this.#line = new WaitingLine(limits.maxWaitingPerService, deadlines);
    this.#budget = new RetryBudget(limits.retryBudgetRatio, clock.monotonicMs());
    this.update(instances);
  }

  update(instances: readonly Instance[]): void {
    for (const member of this.#members) member.listed = false;
    const before = this.#members;
    this.#members = instances.map((instance) => this.#memberFor(instance));
    for (const member of before) this.#forgetIfGone(member);
    this.#maxWeight = this.#members.reduce((most, { weight }) => Math.max(most, weight), 1);
    this.#serveLine();
  }

  pick(tried: readonly string[], deadlineAtMs: number, awaiter: InstanceAwaiter): Pick | undefined {
    if (tried.length === 0) this.#budget.onCall();
    const found = this.#find(tried);
    if (found === "full") return this.#line.join(tried, deadlineAtMs, awaiter);
    if (found === undefined) awaiter.onNoInstance(noHealthyInstance(this.#members.length));
    else this.#give(found, awaiter);
    return undefined;
  }

  release(instance: Instance, outcome: Outcome): void {
    const member = this.#known.get(instance.id);
    if (member === undefined) return;
    member.inFlight = Math.max(member.inFlight - 1, 0);
    member.ejection.onOutcome(outcome, member.instance.joinedAtMs, this.#clock.monotonicMs());
    this.#forgetIfGone(member);
    if (this.#line.length > 0) this.#serveLine();
  }

  mayRetry(): boolean {
    return this.#budget.take(this.#clock.monotonicMs());
  }

  #forgetIfGone(member: Member): void {
    if (!member.listed && member.inFlight === 0) this.#known.delete(member.instance.id);
  }

  #memberFor(instance: Instance): Member {
    const known = this.#known.get(instance.id);
    if (known === undefined) {
      const member: Member = { instance, weight: instance.weight, inFlight: 0, ejection: new Ejection(), listed: true };
      this.#known.set(instance.id, member);
      return member;
    }
    // It joined anew: a server that was restarted starts with a clean sheet.
    if (known.instance.joinedAtMs !== instance.joinedAtMs) known.ejection = new Ejection();
    known.instance = instance;
    known.weight = instance.weight;
    known.listed = true;
    return known;
  }

  /** `full`: some could take it later; `undefined`: none can. */
  #find(tried: readonly string[]): Member | "full" | undefined {
    for (let turn = Math.min(maxTurns, this.#members.length); turn > 0; turn--) {
      const member = this.#roundRobin.next(this.#members, this.#maxWeight);
      if (this.#hasRoom(member) && this.#tierOf(member) === "good" && !isTried(member, tried)) return member;
    }
    return this.#search(tried);
  }

  #search(tried: readonly string[]): Member | "full" | undefined {
    this.#searches += 1;
    const untried = this.#members.filter((member) => !isTried(member, tried));
    for (const tier of tiers) {
      const members = untried.filter((member) => this.#tierOf(member) === tier);
      const free = members.filter((member) => this.#hasRoom(member));
      if (free.length > 0) return free[this.#searches % free.length];
      if (members.length > 0) return "full";
    }
    return undefined;
  }

  #tierOf({ instance, ejection }: Member): Tier {
    if (!ejection.isIn && ejection.isOut(this.#clock.monotonicMs())) return "ejected";
    return instance.health === "passing" ? "good" : "critical";
  }

  #hasRoom(member: Member): boolean {
    return member.inFlight < this.#maxInFlight;
  }

  #give(member: Member, awaiter: InstanceAwaiter): void {
    member.inFlight += 1;
    if (!member.ejection.isIn) member.ejection.onPick(this.#clock.monotonicMs());
    awaiter.onInstance(member.instance);
  }

  #serveLine(): void {
    while (this.#serveOne());
  }

  /** The first in line who need wait no longer. Only those who tried some can be passed over: others could take any instance. */
  #serveOne(): boolean {
    for (let waiter = this.#line.first; waiter !== undefined; waiter = waiter.next) {
      const found = this.#find(waiter.tried);
      if (found === "full" && waiter.tried.length === 0) return false;
      if (found === "full") continue;
      this.#line.leave(waiter);
      if (found === undefined) waiter.awaiter.onNoInstance(noHealthyInstance(this.#members.length));
      else this.#give(found, waiter.awaiter);
      return true;
    }
    return false;
  }
}

function isTried(member: Member, tried: readonly string[]): boolean {
  return tried.length > 0 && tried.includes(member.instance.id);
}
