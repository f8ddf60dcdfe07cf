import { type BackendKind, type Cores, startBackend } from "../contestants/contestant.ts";
import { type ContestantName, contestants } from "../contestants/contestants.ts";
import { type BenchCallName, benchCalls } from "../fixtures/calls.ts";
import type { Settings } from "../part.ts";
import { assertRightAnswers, checkingAnswers } from "../run/check-answers.ts";
import { applyLoad, type LoadResult } from "../run/load.ts";
import type { Started } from "../run/processes.ts";
import { type Spread, spreadOf } from "../run/statistics.ts";

/** What one contestant did with one call in one round. */
export interface CallFigures extends LoadResult {
  /** User and system, of the contestant's whole process tree. */
  readonly cpuMicrosecondsPerCall: number;
  readonly residentMegabytes: number;
  /** Answers that were compared, before, during and after the load; a wrong one ends the bench. */
  readonly checked: number;
}

export interface CallCell {
  readonly contestant: ContestantName;
  readonly call: BenchCallName;
  /** One for each round. */
  readonly rounds: CallFigures[];
}

const connections = 50;
/** So many megabytes on their way would measure how memory is found for them, and little else. */
const connectionsOfLargestCall = 8;
const checksBeforeAndAfter = 50;

/** Runs all cells in turn, in each round once, in fresh processes. */
export async function measureCalls(
  cells: readonly (readonly [ContestantName, BenchCallName])[],
  cores: Cores,
  backend: BackendKind,
  settings: Settings,
): Promise<CallCell[]> {
  const wanted = cells.filter(([, call]) => settings.call === undefined || call === settings.call);
  const measured = wanted.map(([contestant, call]): CallCell => ({ contestant, call, rounds: [] }));
  for (let round = 0; round < settings.rounds; round += 1) {
    const inTurn = round % 2 === 0 ? measured : measured.toReversed();
    for (const { contestant, call, rounds } of inTurn) {
      process.stderr.write(`round ${round + 1}/${settings.rounds}: ${contestant}, ${call}\n`);
      const measure = () => measureCall(contestant, call, cores, backend, settings);
      rounds.push(await (contestant === "thriftgate" ? measure() : measure().catch((error) => onceMore(error, measure))));
    }
  }
  return measured;
}

async function measureCall(
  contestant: ContestantName,
  name: BenchCallName,
  cores: Cores,
  backendKind: BackendKind,
  { seconds, warmUpSeconds }: Settings,
): Promise<CallFigures> {
  const backend = await startBackend(backendKind, cores.load);
  try {
    const { server, stop } = await contestants[contestant](backend.server.ready.port, name, cores.server);
    try {
      const { url } = server.ready;
      const call = benchCalls[name];
      const load = { url, call, connections: name === "1m" ? connectionsOfLargestCall : connections };
      await assertRightAnswers(url, call, checksBeforeAndAfter);
      await warmUp(server, warmUpSeconds, () => applyLoad({ ...load, seconds: warmUpSeconds }, cores.load));
      const cpuBefore = server.cpuSeconds();
      const { result, checked } = await checkingAnswers(url, call, applyLoad({ ...load, seconds }, cores.load));
      const cpuSeconds = server.cpuSeconds() - cpuBefore;
      await assertRightAnswers(url, call, checksBeforeAndAfter);
      return {
        ...result,
        cpuMicrosecondsPerCall: (cpuSeconds / result.calls) * 1e6,
        residentMegabytes: server.residentBytes() / 2 ** 20,
        checked: checked + 2 * checksBeforeAndAfter,
      };
    } finally {
      await stop();
    }
  } finally {
    await backend.stop();
  }
}

/** What a peer does wrong once, such as a time-out on a busy machine, must not cost the figures of all; of ours nothing may be wrong. */
function onceMore<T>(error: unknown, measure: () => Promise<T>): Promise<T> {
  process.stderr.write(`once more: ${String(error)}\n`);
  return measure();
}

const warmUpsAtMost = 5;

/** On a busy machine again, until the contestant has had half of that time for itself: what compiles while it is measured counts double. */
async function warmUp(server: Started, seconds: number, load: () => Promise<unknown>): Promise<void> {
  const enough = server.cpuSeconds() + seconds / 2;
  for (let run = 0; run < warmUpsAtMost; run += 1) {
    await load();
    if (!(server.cpuSeconds() < enough)) return;
  }
}

/** Round by round, so that what slows the machine for a while slows both. */
export function ratioOf(cell: CallCell, other: CallCell, pick: (figures: CallFigures) => number): Spread {
  return spreadOf(cell.rounds.map((figures, round) => pick(figures) / pick(other.rounds[round]!)));
}
