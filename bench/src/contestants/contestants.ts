import { idlFile } from "../fixtures/calls.ts";
import { start, startNode } from "../run/processes.ts";
import { buildPeers } from "./build-peers.ts";
import { benchServer, type StartContestant } from "./contestant.ts";
import { startThriftgate, thriftgateWith } from "./thriftgate.ts";

const startBare: StartContestant = async (_backendPort, call, core) => {
  const server = await startNode(core, [benchServer("bare"), call]);
  return { server, stop: () => server.stop() };
};

const startNaive: StartContestant = async (backendPort, _call, core) => {
  const server = await startNode(core, [benchServer("naive"), String(backendPort)]);
  return { server, stop: () => server.stop() };
};

const startHertzKitex: StartContestant = async (backendPort, _call, core) => {
  const server = await start(core, buildPeers(), ["gateway", idlFile, `127.0.0.1:${backendPort}`]);
  return { server, stop: () => server.stop() };
};

/** bench/README.md says what each is. `bare` calls nothing; all others call the backend. */
export const contestants = {
  bare: startBare,
  naive: startNaive,
  "hertz-kitex": startHertzKitex,
  thriftgate: startThriftgate,
  "two-workers": thriftgateWith({ options: ["--workers", "2"] }),
} as const satisfies Record<string, StartContestant>;

export type ContestantName = keyof typeof contestants;
