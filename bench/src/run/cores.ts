import { cpus } from "node:os";
import type { Cores } from "../contestants/contestant.ts";
import { hasCommand } from "./load.ts";

export const unpinned: Cores = { server: undefined, load: undefined };

/** The contestant alone on one core, load and backend on another, where there are two and a taskset. */
export const pinned: Cores = cpus().length > 1 && hasCommand("taskset") ? { server: 0, load: 1 } : unpinned;
