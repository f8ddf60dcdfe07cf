import { randomBytes } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { GatewayError } from "../../core/errors.ts";
import { type ConsulAgent, type ConsulClient, ConsulError, type ConsulRefusal } from "./consul-client.ts";
import { type ConsulTimes, checkIdOf, leftIdOf, leftRegistrationOf, registrationOf } from "./consul-record.ts";
import type { InstanceRecord } from "./registry.ts";

export interface RegistrationsOptions extends ConsulTimes {
  readonly client: Pick<ConsulClient, "inTurn">;
  readonly clock: Clock;
  /** How long the other gateways are told of a registration that ended. */
  readonly leftMs: number;
}

/** What is written to Consul. A TTL check belongs to the one agent that it was registered at, which is found out and kept in mind. */
export interface Registrations {
  /** Registers or replaces, passing; resolves to the mark of the registration. */
  register(record: InstanceRecord): Promise<string>;
  /** Resolves to the mark where the agent did not know it, or is gone, and it was registered anew. */
  pass(record: InstanceRecord): Promise<string | undefined>;
  /** Says that these registrations of the ID ended, then takes it from every agent that can be reached. */
  deregister(serverId: string, marks: readonly string[]): Promise<void>;
  forget(serverId: string): void;
  close(): void;
}

/** Two agents that do not answer are enough for one request to wait for. */
const MAX_HANGING_AGENTS = 2;

export function createRegistrations(options: RegistrationsOptions): Registrations {
  const { client, clock, leftMs } = options;
  const homes = new Map<string, ConsulAgent>();
  /** What ends the notices of those that left. */
  const notices = new Map<string, () => void>();

  async function put(agent: ConsulAgent, path: string, body?: unknown): Promise<void> {
    const refusal = await agent.put(path, body);
    if (refusal) throw new ConsulError(refusal);
  }

  /** The first agent that does the work. What Consul finds wrong with it is wrong at every agent. */
  async function atFirst<T>(home: ConsulAgent | undefined, work: (agent: ConsulAgent) => Promise<T>): Promise<T> {
    const failures: unknown[] = [];
    for (const agent of client.inTurn(home)) {
      if (failures.length === MAX_HANGING_AGENTS) break;
      try {
        return await work(agent);
      } catch (error) {
        if (error instanceof ConsulError && error.status === 400) throw refused(error);
        failures.push(error);
      }
    }
    throw unavailable(failures[0]);
  }

  async function registerAt(agent: ConsulAgent, record: InstanceRecord): Promise<string> {
    const { serverId } = record;
    const mark = randomBytes(8).toString("hex");
    await put(agent, "/v1/agent/service/register?replace-existing-checks=true", registrationOf(record, mark, options));
    // A check that is replaced keeps its state.
    await put(agent, checkPath("pass", serverId));
    homes.set(serverId, agent);
    return mark;
  }

  /** `false`: this agent has no such check. */
  async function passAt(agent: ConsulAgent, serverId: string): Promise<boolean> {
    const refusal = await agent.put(checkPath("pass", serverId));
    if (refusal && !isUnknownCheck(refusal)) throw new ConsulError(refusal);
    if (!refusal) homes.set(serverId, agent);
    return !refusal;
  }

  /** After a restart of the gateway: which of its agents has the check. Those that can't say may be the one, but can't be beaten at. */
  async function findHome(serverId: string): Promise<boolean> {
    const found = await Promise.all(client.inTurn().map((agent) => passAt(agent, serverId).catch(() => false)));
    return found.includes(true);
  }

  async function endNotice(agent: ConsulAgent, serverId: string): Promise<void> {
    notices.get(serverId)?.();
    notices.delete(serverId);
    await agent.put(deregisterPath(leftIdOf(serverId))).catch(() => {
      // Consul removes it by itself when its time is over.
    });
  }

  async function notify(serverId: string, marks: readonly string[]): Promise<void> {
    await atFirst(undefined, async (agent) => {
      // Twice the time, so that this gateway, if it lives, takes it away before it turns critical.
      await put(agent, "/v1/agent/service/register", leftRegistrationOf(serverId, marks, 2 * leftMs));
      notices.get(serverId)?.();
      notices.set(
        serverId,
        clock.after(leftMs, () => void endNotice(agent, serverId)),
      );
    });
  }

  return {
    register: (record) => atFirst(homes.get(record.serverId), (agent) => registerAt(agent, record)),

    async pass(record) {
      const { serverId } = record;
      const home = homes.get(serverId);
      if (!home && (await findHome(serverId))) return undefined;
      return atFirst(homes.get(serverId), async (agent) =>
        agent === home && (await passAt(agent, serverId)) ? undefined : await registerAt(agent, record),
      );
    },

    async deregister(serverId, marks) {
      const take = async (agent: ConsulAgent) => {
        const refusal = await agent.put(deregisterPath(serverId));
        if (refusal && refusal.status !== 404) throw new ConsulError(refusal);
      };
      const [told, ...taken] = await Promise.allSettled([notify(serverId, marks), ...client.inTurn().map(take)]);
      const failure = taken.find((result) => result.status === "rejected");
      // Where an agent could not be reached, the notice keeps everybody from calling what it still has.
      if (failure && (told.status === "rejected" || taken.every((result) => result.status === "rejected"))) {
        throw unavailable(failure.reason);
      }
    },

    forget: (serverId) => void homes.delete(serverId),

    close() {
      for (const cancel of notices.values()) cancel();
    },
  };
}

function checkPath(verb: "pass", serverId: string): string {
  return `/v1/agent/check/${verb}/${encodeURIComponent(checkIdOf(serverId))}`;
}

function deregisterPath(serviceId: string): string {
  return `/v1/agent/service/deregister/${encodeURIComponent(serviceId)}`;
}

/** 500 in old versions, 404 since. */
function isUnknownCheck({ status, reason }: ConsulRefusal): boolean {
  return status === 404 || (status === 500 && /does not have associated TTL|unknown check/i.test(reason));
}

export function unavailable(cause: unknown): GatewayError {
  return new GatewayError("REGISTRY_UNAVAILABLE", "The registry can't be reached.", { cause });
}

function refused(cause: ConsulError): GatewayError {
  return new GatewayError(
    "INVALID_FIELD",
    'The registry refuses this: names in Meta are of letters, digits, "-" and "_", 128 at most, and do not begin with "consul-"; their values are 512 characters at most.',
    { members: { pointer: "/Meta" }, cause },
  );
}
