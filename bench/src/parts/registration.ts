import { startBackend } from "../contestants/contestant.ts";
import { send, startThriftgate } from "../contestants/thriftgate.ts";
import { serviceOfManyTypes } from "../fixtures/many-services.ts";
import type { PacedResult } from "../paced/paced-load.ts";
import { runPacedLoad } from "../paced/run-paced-load.ts";
import type { Part, Settings } from "../part.ts";
import { formatSpread, spreadOf } from "../run/statistics.ts";

export interface RegistrationFigures {
  readonly types: number;
  readonly callsPerSecond: number;
  readonly rounds: readonly RegistrationRound[];
}

interface RegistrationRound {
  readonly before: PacedResult;
  /** While one update follows the other. */
  readonly during: PacedResult;
  readonly updates: number;
  readonly updateMs: number;
}

/** With the service itself as many as an IDL may declare. */
const types = 1_999;
const callsPerSecond = 1_000;

export const registration: Part = {
  about: "calls of others while a service of 2,000 types is registered and updated, one update after the other",
  async run(settings) {
    const rounds: RegistrationRound[] = [];
    for (let round = 0; round < settings.rounds; round += 1) rounds.push(await measure(settings));
    const figures: RegistrationFigures = { types, callsPerSecond, rounds };
    const p99 = (pick: (round: RegistrationRound) => PacedResult) =>
      formatSpread(spreadOf(rounds.map((round) => pick(round).p99Ms)), 2);
    return {
      figures,
      lines: [
        `${callsPerSecond} calls/s of another service: p99 before ${p99(({ before }) => before)}, during ${p99(({ during }) => during)} ms`,
        `more by ${formatSpread(addedP99Ms(rounds), 2)} ms; an update took ${formatSpread(spreadOf(rounds.map(({ updateMs }) => updateMs)), 0)} ms`,
      ],
    };
  },
};

export function addedP99Ms(rounds: RegistrationFigures["rounds"]) {
  return spreadOf(rounds.map(({ before, during }) => during.p99Ms - before.p99Ms));
}

/** Not pinned: linking has a thread of its own, which would share the gateway's core. */
async function measure({ seconds, warmUpSeconds }: Settings): Promise<RegistrationRound> {
  const backend = await startBackend("own", undefined);
  const { server, stop } = await startThriftgate(backend.server.ready.port, "small", undefined);
  try {
    const { url, port } = server.ready;
    const paced = { protocol: "http", call: "small", port, callsPerSecond, connections: 50, seconds, warmUpSeconds } as const;
    const before = await runPacedLoad(paced, undefined);
    const owner = (revision: number) => [{ OwnerName: "many", OwnerId: "many", Services: [serviceOfManyTypes(types, revision)] }];
    let isOver = false;
    const updateOnAndOn = async () => {
      const begun = performance.now();
      const { "API-Key": key } = await send(url, "/register", owner(0));
      const update = { method: "PUT", headers: { apikey: key! } };
      let updates = 1;
      for (; !isOver; updates += 1) await send(url, "/update?ownerid=many", owner(updates), update);
      return { updates, updateMs: (performance.now() - begun) / updates };
    };
    const load = runPacedLoad({ ...paced, warmUpSeconds: 0 }, undefined).finally(() => {
      isOver = true;
    });
    const [during, figures] = await Promise.all([load, updateOnAndOn()]);
    return { before, during, ...figures };
  } finally {
    await stop();
    await backend.stop();
  }
}
