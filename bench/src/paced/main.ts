/** A process of its own for the paced load, so that it can have a core: `main.js '{"protocol":"http","call":"small", …}'` writes its result. */
import { type BenchCallName, benchCalls } from "../fixtures/calls.ts";
import { applyPacedLoad, type Pace } from "./paced-load.ts";
import { httpProtocol, thriftProtocol } from "./protocol.ts";

export interface PacedTask extends Pace {
  readonly protocol: "http" | "thrift";
  readonly call: BenchCallName;
}

const task = JSON.parse(process.argv[2]!) as PacedTask;
const protocol = task.protocol === "http" ? httpProtocol(benchCalls[task.call]) : thriftProtocol(benchCalls[task.call]);
process.stdout.write(`${JSON.stringify(await applyPacedLoad(protocol, task))}\n`);
