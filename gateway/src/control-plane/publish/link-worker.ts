import { parentPort } from "node:worker_threads";
import { compileIdl, type IdlResult } from "@thriftgate/thrift";
import type { LinkJob } from "./linker.ts";

/** The thread that links IDL; it knows nothing but the job at hand. */
parentPort?.on("message", ({ files, mainFile, limits }: LinkJob) => {
  const result: IdlResult = compileIdl(files, mainFile, limits);
  parentPort?.postMessage(result);
});
