import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes that are really held: garbage is collected first. */
export function usedHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
