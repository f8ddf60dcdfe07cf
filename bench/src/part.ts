import type { BenchCallName } from "./fixtures/calls.ts";

/** How much a run takes; the defaults and `--quick` are in main.ts. */
export interface Settings {
  /** Each round runs every contestant once, in a fresh process; their order turns from round to round. */
  readonly rounds: number;
  /** Of load on a contestant, after a warm-up. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** A first look: shorter where a part has lengths of its own. */
  readonly quick: boolean;
  /** The only call to make, in parts that make several; `profile` takes the small one unless told. */
  readonly call: BenchCallName | undefined;
}

/** One part of the bench, under its own name. */
export interface Part {
  readonly about: string;
  run(settings: Settings): Promise<Outcome>;
}

interface Outcome {
  /** For bench/results, as JSON. */
  readonly figures: object;
  /** The same for people. */
  readonly lines: readonly string[];
}
