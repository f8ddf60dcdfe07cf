import type { Part } from "./part.ts";
import { calls, callsKitex, callsUnpinned } from "./parts/calls.ts";
import { codec } from "./parts/codec.ts";
import { heartbeats } from "./parts/heartbeats.ts";
import { idl } from "./parts/idl.ts";
import { idleCallers } from "./parts/idle-callers.ts";
import { latency } from "./parts/latency.ts";
import { manyServices } from "./parts/many-services.ts";
import { profile } from "./parts/profile.ts";
import { propagation } from "./parts/propagation.ts";
import { registration } from "./parts/registration.ts";
import { routing } from "./parts/routing.ts";
import { smoke } from "./parts/smoke.ts";
import { steady } from "./parts/steady.ts";

/** In the order in which `npm run bench` runs them; `smoke` says nothing that the others do not. */
export const parts = {
  calls,
  "calls-unpinned": callsUnpinned,
  "calls-kitex": callsKitex,
  latency,
  "idle-callers": idleCallers,
  "many-services": manyServices,
  registration,
  steady,
  profile,
  codec,
  routing,
  idl,
  propagation,
  heartbeats,
  smoke,
} as const satisfies Record<string, Part>;

export type PartName = keyof typeof parts;
