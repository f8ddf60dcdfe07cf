import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startBackend } from "../contestants/contestant.ts";
import { registerBench, send, startGateway } from "../contestants/thriftgate.ts";
import { benchCalls } from "../fixtures/calls.ts";
import { serviceOfTwentyMethods } from "../fixtures/many-services.ts";
import type { Part } from "../part.ts";
import { assertRightAnswers } from "../run/check-answers.ts";
import type { Started } from "../run/processes.ts";
import { formatSpread, spreadOf } from "../run/statistics.ts";

export interface ManyServicesFigures {
  readonly services: number;
  readonly rounds: readonly { readonly none: Restart; readonly stored: Restart }[];
}

interface Restart {
  /** From the start of the process to the first answer of a call. */
  readonly firstAnswerMs: number;
  /** Until then, of the process. */
  readonly cpuMs: number;
  readonly megabytes: number;
}

const owners = 10;
const servicesOfAnOwner = 100;
const settleMs = 1_000;

export const manyServices: Part = {
  about: "a start with 1,000 stored services of 20 methods: until the first answered call, and memory",
  async run({ rounds, quick }) {
    const ownersHere = quick ? 1 : owners;
    const services = ownersHere * servicesOfAnOwner;
    const backend = await startBackend("own", undefined);
    const folder = mkdtempSync(join(tmpdir(), "bench-services-"));
    try {
      await fill(join(folder, "none"), backend.server.ready.port, 0);
      await fill(join(folder, "stored"), backend.server.ready.port, ownersHere);
      const measured: { none: Restart; stored: Restart }[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const none = await restart(join(folder, "none"));
        measured.push({ none, stored: await restart(join(folder, "stored")) });
      }
      const figures: ManyServicesFigures = { services, rounds: measured };
      const firstAnswer = formatSpread(spreadOf(measured.map(({ stored }) => stored.firstAnswerMs)), 0);
      const without = formatSpread(spreadOf(measured.map(({ none }) => none.firstAnswerMs)), 0);
      const cpuMs = (pick: (round: (typeof measured)[number]) => Restart) =>
        formatSpread(spreadOf(measured.map((round) => pick(round).cpuMs)), 0);
      return {
        figures,
        lines: [
          `first answer with ${services} services after ${firstAnswer} ms, with one after ${without} ms`,
          `CPU time until then ${cpuMs(({ stored }) => stored)} ms, with one ${cpuMs(({ none }) => none)} ms`,
          `${services} services take ${formatSpread(extraMegabytes(measured), 1)} MiB`,
        ],
      };
    } finally {
      await backend.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

export function extraMegabytes(rounds: ManyServicesFigures["rounds"]) {
  return spreadOf(rounds.map(({ none, stored }) => stored.megabytes - none.megabytes));
}

async function fill(dataDir: string, backendPort: number, ownersHere: number): Promise<void> {
  const gateway = await startGateway(dataDir, undefined);
  try {
    const { url } = gateway.ready;
    await registerBench(url, backendPort);
    for (let owner = 0; owner < ownersHere; owner += 1) {
      const numbers = Array.from({ length: servicesOfAnOwner }, (_, index) => owner * servicesOfAnOwner + index);
      const name = `owner${owner}`;
      await send(url, "/register", [{ OwnerName: name, OwnerId: name, Services: numbers.map(serviceOfTwentyMethods) }]);
    }
  } finally {
    await gateway.stop();
  }
}

async function restart(dataDir: string): Promise<Restart> {
  const begun = performance.now();
  const gateway: Started = await startGateway(dataDir, undefined);
  try {
    // Ready means that a call is answered: no second try.
    await assertRightAnswers(gateway.ready.url, benchCalls.small, 1);
    const firstAnswerMs = performance.now() - begun;
    const cpuMs = gateway.cpuSeconds() * 1_000;
    await sleep(settleMs);
    return { firstAnswerMs, cpuMs, megabytes: gateway.residentBytes() / 2 ** 20 };
  } finally {
    await gateway.stop();
  }
}
