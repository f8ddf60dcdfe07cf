import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root, startBackend } from "../contestants/contestant.ts";
import { thriftgateWith } from "../contestants/thriftgate.ts";
import { benchCalls } from "../fixtures/calls.ts";
import type { Part } from "../part.ts";
import { type Frame, framesOf, sharesBy } from "../profile/cpu-profile.ts";
import { pinned } from "../run/cores.ts";
import { applyLoad } from "../run/load.ts";

export interface ProfileFigures {
  readonly call: string;
  /** Of the time that is not idle. */
  readonly stages: readonly (readonly [name: string, share: number])[];
  readonly flames: Flame;
}

/** A frame that took enough time to be seen. */
export interface Flame {
  readonly name: string;
  readonly place: string;
  readonly stage: string;
  readonly share: number;
  readonly children: readonly Flame[];
}

const folder = join(root, ".cache/profile");
const leastShare = 0.003;
const functionsShown = 30;

export const profile: Part = {
  about: "where the time of a call goes; the .cpuprofile is kept in .cache/profile",
  async run({ call: name = "small", warmUpSeconds, seconds }) {
    const call = benchCalls[name];
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const backend = await startBackend("own", pinned.load);
    const begun = performance.now();
    const nodeOptions = ["--cpu-prof", "--cpu-prof-interval=250", `--cpu-prof-dir=${folder}`];
    const { server, stop } = await thriftgateWith({ nodeOptions })(backend.server.ready.port, name, pinned.server);
    const load = { url: server.ready.url, call, connections: 50 };
    await applyLoad({ ...load, seconds: warmUpSeconds }, pinned.load);
    const fromMs = performance.now() - begun;
    await applyLoad({ ...load, seconds }, pinned.load);
    const untilMs = performance.now() - begun;
    await stop();
    await backend.stop();

    const frames = framesOf(readMainProfile(), fromMs, untilMs);
    const stages = sharesBy(frames, ({ stage }) => stage);
    const functions = sharesBy(frames, (frame) => `${frame.name} ${frame.place}`).slice(0, functionsShown);
    const figures: ProfileFigures = { call: name, stages, flames: flameOf(frames, frames.samples) };
    const lines = (shares: readonly (readonly [string, number])[]) =>
      shares.map(([what, share]) => `${(100 * share).toFixed(1).padStart(5)} %  ${what}`);
    return { figures, lines: [...lines(stages), "", ...lines(functions)] };
  },
};

/** Worker threads write profiles too; the main thread's holds the most samples. */
function readMainProfile() {
  const files = readdirSync(folder).filter((file) => file.endsWith(".cpuprofile"));
  const profiles = files.map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")));
  const nonIdle = (candidate: { samples: number[] }) => candidate.samples.length;
  return profiles.sort((a, b) => nonIdle(b) - nonIdle(a))[0];
}

function flameOf(frame: Frame, total: number): Flame {
  const { name, place, stage, samples, children } = frame;
  return {
    name,
    place,
    stage,
    share: samples / total,
    children: children.filter((child) => child.samples / total >= leastShare).map((child) => flameOf(child, total)),
  };
}
